import { expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { StandIn, type StandInServer } from "../../src/network/stand-in.ts";
import { standInProgram } from "../../src/network/stand-in-thread.ts";
import type { TransportSocket } from "../../src/network/transport.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

/** Ends the thread in these ways once a client has sent it "die", or when it is told to listen. */
const deaths: Readonly<Record<string, string>> = {
  "an error while it serves a client": standInProgram.replace(
    'socket.on("data", (bytes) => {',
    'socket.on("data", (bytes) => { if (String(bytes) === "die") throw new Error("planted");',
  ),
  "its exit while it serves a client": standInProgram.replace(
    'socket.on("data", (bytes) => {',
    'socket.on("data", (bytes) => { if (String(bytes) === "die") process.exit(3);',
  ),
};

/** A server at one address, whose listener is there or not. */
class Listener implements StandInServer<number> {
  readonly #listener: { stop(closesConnections: boolean): void; readonly port: number };
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  readonly log: string[] = [];
  /** Called while a guest's request runs. */
  onRequest = (): void => {};
  readonly #sockets: TransportSocket[] = [];

  constructor() {
    this.#listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    this.addresses = [{ host: "127.0.0.1", port: this.#listener.port }];
  }

  stopListening(): Listener["addresses"] {
    this.#listener.stop(true);
    this.log.push("stopped");
    return this.addresses;
  }

  listenAgain(): void {
    this.log.push("listens again");
  }

  openGuest(socket: TransportSocket): number {
    this.log.push("guest");
    return this.#sockets.push(socket);
  }

  runGuest(guest: number, chunk: Uint8Array): void {
    this.log.push(Buffer.from(chunk).toString());
    this.onRequest();
    const reply = Buffer.from("+OK\r\n");
    this.#sockets[guest - 1]!.write(reply, 0, reply.length);
  }

  closeGuest(guest: number): void {
    this.log.push(`guest ${guest} gone`);
  }
}

function standInFor(server: Listener, program = standInProgram) {
  const reports: string[] = [];
  const report = (_level: string, text: string): void => void reports.push(text);
  const standIn = new StandIn(server, { monotonicMs: () => performance.now(), report }, program);
  const serveUntil = (isReached: () => boolean, awaited: string): Promise<void> => {
    const serve = (): boolean => {
      standIn.serve((work) => work());
      return isReached();
    };
    return waitUntil(serve, { what: awaited, timeoutMs: 10_000, intervalMs: 5 });
  };
  return { standIn, reports, serveUntil };
}

test("a client whose request ends the script gets its reply", async () => {
  const server = new Listener();
  const { standIn, reports, serveUntil } = standInFor(server);
  await serveUntil(() => reports.length > 0, "the thread to listen");
  server.onRequest = () => standIn.end();
  const client = await RespConnection.open(server.addresses[0]!.port, "the stand-in");
  const reply = client.reply("SCRIPT", "KILL");
  await serveUntil(() => server.log.length > 2, "the request");
  expect(await reply).toMatchObject({ text: "OK" });
  await waitUntil(() => server.log.at(-1) === "listens again", { what: "the server's listeners", timeoutMs: 10_000 });
  client.close();
}, 30_000);

for (const [what, program] of Object.entries(deaths)) {
  test(`after the end of the thread by ${what} the server listens again, and a later script gets a new thread`, async () => {
    expect(program).not.toBe(standInProgram);
    const server = new Listener();
    const { standIn, reports, serveUntil } = standInFor(server, program);
    await serveUntil(() => reports.length > 0, "the thread to listen");
    expect(server.log).toEqual(["stopped"]);
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port: server.addresses[0]?.port as number,
      socket: { data() {}, error() {} },
    });
    socket.write("hello");
    await serveUntil(() => server.log.includes("hello"), "the client's bytes");
    expect(standIn.isServing).toBe(true);
    socket.write("die");
    await waitUntil(() => server.log.includes("listens again"), { what: "the server's listeners", timeoutMs: 10_000 });
    expect(server.log).toEqual(["stopped", "guest", "hello", "guest 1 gone", "listens again"]);
    expect(standIn.isServing).toBe(false);
    await serveUntil(() => server.log.filter((each) => each === "stopped").length === 2, "a new thread");
    standIn.end();
    await waitUntil(() => server.log.at(-1) === "listens again", { what: "the thread's end", timeoutMs: 10_000 });
    socket.end();
  }, 30_000);
}
