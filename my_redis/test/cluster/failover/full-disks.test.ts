import { afterEach, expect, test } from "bun:test";
import { waitUntil } from "../../../../tools/test-services/index.ts";
import { withFullDisk } from "../../crash/my-redis-process.ts";
import type { RespConnection } from "../../differential/harness/resp-connection.ts";
import { RingOfProcesses } from "../crash/ring-of-processes.ts";
import { AgreedRing } from "./agreed-ring.ts";

let ring: AgreedRing | RingOfProcesses | undefined;

afterEach(async () => {
  await ring?.stop();
  ring = undefined;
});

const fullDiskKib = 64;
/** A thousand characters that do not become fewer by compression: a log is full after some sixty of them. */
const valueOf = (key: string): string =>
  Array.from({ length: 16 }, (_, part) => new Bun.CryptoHasher("sha256").update(`${key}:${part}`).digest("hex")).join(
    "",
  );

async function writeAll(connection: RespConnection, keys: readonly string[]): Promise<void> {
  const replies = await connection.replies(keys.map((key) => ["SET", key, valueOf(key)]));
  expect(replies.filter(({ text }) => text !== "OK")).toEqual([]);
}

/** What a node gives in place of the values of these keys. On a busy machine it is asked again while it says that it may not serve. */
async function missing(connection: RespConnection, keys: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  let left = keys;
  const isAnswered = async (): Promise<boolean> => {
    const replies = await connection.replies(left.map((key) => ["GET", key]));
    const wrong = left.filter((key, at) => replies[at]?.sign !== "-" && replies[at]?.text !== valueOf(key));
    found.push(...wrong.map((key) => `${key}: ${replies[left.indexOf(key)]?.text}`));
    left = left.filter((_, at) => replies[at]?.sign === "-");
    return left.length === 0;
  };
  await waitUntil(isAnswered, { what: "all keys to be served", timeoutMs: 20_000 });
  return found;
}

test("a node with a full disk is given no slots before it has room, and loses none of their keys", async () => {
  const agreed = await AgreedRing.start(1, 1, { "auto-aof-rewrite-percentage": "0" });
  ring = agreed;
  const keys = Array.from({ length: 400 }, (_, number) => `key:${number}`);
  const client = await agreed.connect(0);
  await writeAll(client, keys);
  await agreed.startNode(1, {}, withFullDisk(fullDiskKib));
  expect(await agreed.ask(1, "PING")).toBe("PONG");
  expect(await agreed.ask(0, "CLUSTER", "RING", "ADD", agreed.names[1]!)).toContain("begun");
  let status = await agreed.status(0);
  const isOver = async (): Promise<boolean> => {
    status = await agreed.status(0);
    const isComplete = status?.isSettled === true && status.seats.length === 2;
    return isComplete || status?.failingDisks.includes(agreed.names[1]!) === true;
  };
  await waitUntil(isOver, { what: "the move to wait, or to end", timeoutMs: 30_000, intervalMs: 30 });
  expect(status?.isSettled).toBe(false);
  expect(status?.waitsFor.join()).toContain(`room on the disk of node ${agreed.names[1]}`);
  // A client is disconnected whose reply was written when the log could not be.
  const info = await agreed.ask(1, "CLUSTER", "INFO").catch(() => agreed.ask(1, "CLUSTER", "INFO"));
  expect(info).toContain("phase=waiting for the log to be written");
  expect(await missing(client, keys)).toEqual([]);
  await agreed.kill(1);
  await agreed.startNode(1);
  await agreed.untilSettled(0, 2);
  await agreed.kill(1);
  await agreed.startNode(1);
  await agreed.untilSettled(0, 2);
  expect(await missing(client, keys)).toEqual([]);
  client.close();
}, 60_000);

test("a replica with a full disk is no longer in sync, and a primary that ends leaves it no place", async () => {
  let isFull = true;
  const enter = (node: number): readonly string[] => (node === 2 && isFull ? withFullDisk(fullDiskKib) : []);
  const directives = { "cluster-node-timeout": "1000", "auto-aof-rewrite-percentage": "0" };
  const places = { host: () => "127.0.0.1", enter };
  const processes = await RingOfProcesses.start(2, { ...directives, "cluster-acknowledgement": "replica" }, 1, places);
  ring = processes;
  const names = Array.from({ length: 2000 }, (_, number) => `key:${number}`);
  const keys = names.filter((key) => processes.ownerOf(key) === 0).slice(0, 200);
  const client = await processes.connect(1);
  await writeAll(client, keys);
  const copies = async (): Promise<number | undefined> =>
    (await processes.info(0))?.get("cluster_seat_in_sync")?.split(" ").length;
  await waitUntil(async () => (await copies()) === 1, { what: "the full replica to leave", timeoutMs: 10_000 });
  const primary = await processes.connect(0);
  primary.send(["SHUTDOWN"]);
  await processes.processes[0]?.process.exited;
  expect((await processes.info(2))?.get("cluster_seat_role")).not.toBe("primary");
  await processes.kill(2, "SIGKILL");
  isFull = false;
  await Promise.all([processes.startNode(0), processes.startNode(2)]);
  await processes.untilInSync(0);
  expect(await missing(client, keys)).toEqual([]);
  client.close();
}, 60_000);

test("a primary with a full disk hands its place over to a replica in sync, with every acknowledged write", async () => {
  const enter = (node: number): readonly string[] => (node === 0 ? withFullDisk(fullDiskKib) : []);
  const directives = { "cluster-node-timeout": "1000", "auto-aof-rewrite-percentage": "0" };
  const processes = await RingOfProcesses.start(2, directives, 1, { host: () => "127.0.0.1", enter });
  ring = processes;
  const names = Array.from({ length: 2000 }, (_, number) => `key:${number}`);
  const keys = names.filter((key) => processes.ownerOf(key) === 0).slice(0, 200);
  const writer = await processes.connect(1);
  const written: string[] = [];
  for (const key of keys) {
    // A client is disconnected whose reply was written when the log could not be.
    const isWritten = await writer.reply("SET", key, valueOf(key)).then(
      ({ text }) => text === "OK",
      () => false,
    );
    if (!isWritten) break;
    written.push(key);
  }
  writer.close();
  expect(written.length).toBeLessThan(keys.length);
  expect(await processes.untilMoved(0, 0)).toBe(2);
  const client = await processes.connect(1);
  expect(await missing(client, written)).toEqual([]);
  await writeAll(client, keys);
  client.close();
}, 60_000);
