import { afterEach } from "bun:test";
import { startOpenServer, type OpenServer, type StartOptions } from "../../src/start-server.ts";
import { startRedisServer, temporaryFolder, waitUntil, type Service } from "../../../tools/test-services/index.ts";
import { RespConnection, type Word } from "../differential/harness/resp-connection.ts";
import type { TestServer } from "./test-server.ts";
import { type Comparison, differencesOf } from "./described-data.ts";
import { showReply } from "../differential/harness/reply.ts";

export type { TestServer } from "./test-server.ts";

type Directives = Readonly<Record<string, string>>;

/** A full synchronisation begins at once, and a replica connects again soon. */
const quick: Directives = { "repl-diskless-sync-delay": "0", "enable-debug-command": "yes" };

async function withConnection(
  name: TestServer["name"],
  port: number,
  rest: Pick<TestServer, "log" | "close">,
): Promise<TestServer> {
  let connection = await RespConnection.open(port, name);
  const ask = async (...words: Word[]): Promise<string> => showReply(await connection.reply(...words));
  return {
    name,
    port,
    log: rest.log,
    async ask(...words) {
      try {
        return await ask(...words);
      } catch {
        // Sentinel ends the connections of clients when it changes a server's role.
        connection = await RespConnection.open(port, name);
        return ask(...words);
      }
    },
    connect: () => RespConnection.open(port, name),
    async close() {
      connection.close();
      await rest.close();
    },
  };
}

export async function startMyRedis(
  directives: Directives = {},
  environment: StartOptions["environment"] = {},
): Promise<TestServer & { readonly inner: OpenServer }> {
  const lines: string[] = [];
  const report = (_level: string, message: string, error?: unknown): void =>
    void lines.push(error instanceof Error ? `${message}: ${error.message}` : message);
  const options = { port: 0, save: "", dir: temporaryFolder("replication"), ...quick, ...directives };
  const inner = await startOpenServer({ ...(options as StartOptions), environment: { ...environment, report } });
  const log = (): string => lines.join("\n");
  return { inner, ...(await withConnection("MyRedis", inner.port, { log, close: () => inner.close() })) };
}

export async function startRedis(directives: Directives = {}): Promise<TestServer & { readonly service: Service }> {
  const args = Object.entries({ ...quick, ...directives }).flatMap(([name, value]) => [
    `--${name}`,
    ...value.split(" "),
  ]);
  const service = await startRedisServer({ args });
  const rest = { log: () => service.output(), close: () => service.stop() };
  return { service, ...(await withConnection("redis-server", service.port, rest)) };
}

export const startServer = (kind: TestServer["name"], directives: Directives = {}): Promise<TestServer> =>
  kind === "MyRedis" ? startMyRedis(directives) : startRedis(directives);

/** Closes the servers after each test, in the reverse order. To be called within `describe`. */
export function closedAfterEach(): <Server extends TestServer>(starting: Promise<Server>) => Promise<Server> {
  const open: TestServer[] = [];
  afterEach(async () => {
    for (const server of open.splice(0).toReversed()) await server.close();
  });
  return async (starting) => {
    const server = await starting;
    open.push(server);
    return server;
  };
}

/** A field of INFO; undefined where it is not there. */
export async function infoField(
  server: TestServer,
  name: string,
  section = "replication",
): Promise<string | undefined> {
  const text = await server.ask("INFO", section);
  return new RegExp(`(?:^|\\\\r\\\\n|\\r\\n|\\n|")${name}:(.*?)(?:\\\\r|\\r|\\n|"|$)`).exec(text)?.[1];
}

export async function untilConnected(replica: TestServer): Promise<void> {
  await waitUntil(async () => (await infoField(replica, "master_link_status")) === "up", {
    what: `${replica.name} to be in touch with its primary`,
    timeoutMs: 90_000,
  }).catch((error: unknown) => {
    throw new Error(`${replica.name} has said: ${replica.log().slice(-3000)}`, { cause: error });
  });
}

/** Waits until the replica has all of the primary's changes, and compares the data. */
export async function expectSameData(
  primary: TestServer,
  replica: TestServer,
  comparison: Comparison = { hasRestarted: false },
): Promise<void> {
  await untilConnected(replica);
  await waitUntil(
    async () => {
      const offset = await infoField(primary, "master_repl_offset");
      return offset === (await infoField(replica, "master_repl_offset"));
    },
    { what: `${replica.name} to have the changes of ${primary.name}`, timeoutMs: 60_000 },
  );
  let differences: readonly string[] = [];
  // Keys may expire meanwhile, on the replica a little later.
  await waitUntil(
    async () => {
      const digests = [await primary.ask("DEBUG", "DIGEST"), await replica.ask("DEBUG", "DIGEST")];
      differences = digests[0] === digests[1] ? [] : ["DEBUG DIGEST differs"];
      differences = [...differences, ...(await differencesOf(primary, replica, comparison))];
      return differences.length === 0;
    },
    { what: "equal data", timeoutMs: 10_000 },
  ).catch((error: unknown) => {
    throw new Error(`${differences.length} differences:\n${differences.slice(0, 20).join("\n")}`, { cause: error });
  });
}
