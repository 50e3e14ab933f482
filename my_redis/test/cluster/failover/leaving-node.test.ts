import { afterEach, expect, test } from "bun:test";
import { freePorts, temporaryFolder, waitUntil } from "../../../../tools/test-services/index.ts";
import { nodeId } from "../../../src/cluster/members.ts";
import { type OpenServer, startOpenServer } from "../../../src/start-server.ts";
import type { Reply } from "../../differential/harness/reply.ts";
import { RespConnection } from "../../differential/harness/resp-connection.ts";

let nodes: OpenServer[] = [];
let clients: RespConnection[] = [];

afterEach(async () => {
  for (const client of clients) client.close();
  await Promise.all(nodes.map((node) => node.close()));
  [nodes, clients] = [[], []];
});

const keys = Array.from({ length: 400 }, (_, number) => `key:${number}`);
const nodeTimeoutMs = 3000;

interface StartedRing {
  readonly names: readonly string[];
  connect(node: number): Promise<RespConnection>;
  restart(node: number): Promise<void>;
}

/** Three nodes of this process whose members come and go, with some keys. */
async function startRing(): Promise<StartedRing> {
  const ports = await freePorts(3);
  const names = ports.map((port) => `127.0.0.1:${port}`);
  const folders = ports.map(() => temporaryFolder("leaving-node"));
  const start = (node: number): Promise<OpenServer> =>
    startOpenServer({
      ...{ bind: "127.0.0.1", port: ports[node] as number, dir: folders[node] as string, appendonly: "yes", save: "" },
      ...{ self: names[node] as string, peers: names.join(" "), "cluster-members": "agreed" },
      ...{ "cluster-node-timeout": nodeTimeoutMs, environment: { report: () => {} } },
    });
  const restart = async (node: number): Promise<void> => {
    await nodes[node]!.close();
    nodes[node] = await start(node);
  };
  nodes = await Promise.all(ports.map((_, node) => start(node)));
  const connect = async (node: number): Promise<RespConnection> => {
    const client = await RespConnection.open(ports[node] as number, `node ${node}`);
    clients.push(client);
    return client;
  };
  const client = await connect(0);
  await waitUntil(async () => (await client.reply("DBSIZE")).text === "0", { what: "a ring", timeoutMs: 20_000 });
  for (const key of keys) expect((await client.reply("SET", key, "value")).text).toBe("OK");
  return { names, connect, restart };
}

/** How a connection ends, whatever is pushed before. */
async function endOf(client: RespConnection): Promise<string> {
  try {
    for (;;) await client.next();
  } catch (error) {
    return (error as Error).message;
  }
}

const placesSeenBy = async (client: RespConnection): Promise<number> =>
  new Set((await client.reply("CLUSTER", "SLOTS")).items?.map((range) => range.items?.[2]?.items?.[1]?.text)).size;

async function leave(client: RespConnection, name: string, left: number): Promise<void> {
  expect((await client.reply("CLUSTER", "FORGET", nodeId(name))).text).toBe("OK");
  await waitUntil(async () => (await placesSeenBy(client)) === left, {
    ...{ what: `${left} places`, timeoutMs: 20_000, intervalMs: 10 },
  });
}

/** Scans on from a cursor to the end. */
async function scan(client: RespConnection, from: string, seen: Set<string>, mostSteps = Infinity): Promise<string> {
  let cursor = from;
  for (let step = 0; step < mostSteps; step++) {
    const { items, text } = await client.reply("SCAN", cursor, "COUNT", 10);
    if (items === undefined || items === null) throw new Error(text ?? "");
    for (const item of items[1]?.items ?? []) seen.add(item.text as string);
    cursor = items[0]?.text as string;
    if (cursor === "0") break;
  }
  return cursor;
}

test("what waits at a node that leaves is answered as soon as the node has left: DBSIZE, KEYS, RANDOMKEY and SCAN", async () => {
  const { names, connect } = await startRing();
  // A SCAN begins at the first place.
  const leaving = names.indexOf(names.toSorted()[0] as string);
  const [asked, other] = [0, 1, 2].filter((node) => node !== leaving) as [number, number];
  // Nothing is carried out there any more, whatever happens: as between the last hand-over and the end of its place.
  nodes[leaving]!.server.parts.cluster!.seat!.mover.isStopped = () => true;
  const startedMs = performance.now();
  const ask = async (command: string, ...words: string[]): Promise<Reply> =>
    (await connect(asked)).reply(command, ...words);
  const answers = Promise.all([ask("DBSIZE"), ask("KEYS", "*"), ask("RANDOMKEY")]);
  const seen = new Set<string>();
  const scanned = scan(await connect(asked), "0", seen);
  await leave(await connect(other), names[leaving] as string, 2);
  const [size, listed, random] = await answers;
  await scanned;
  expect(performance.now() - startedMs).toBeLessThan(nodeTimeoutMs);
  expect(size.text).toBe(`${keys.length}`);
  expect(listed.items).toHaveLength(keys.length);
  expect(keys).toContain(random.text as string);
  expect(seen.size).toBe(keys.length);
}, 30_000);

test("subscribers are disconnected when their node has left: members publish nothing there any more", async () => {
  const { names, connect } = await startRing();
  const [member, leaving] = await Promise.all([connect(0), connect(2)]);
  for (const client of [member, leaving]) await client.reply("PSUBSCRIBE", "news*");
  const publisher = await connect(1);
  expect((await publisher.reply("PUBLISH", "news", "one")).text).toBe("2");
  for (const client of [member, leaving]) expect((await client.next()).items?.at(-1)?.text).toBe("one");
  const ending = leaving.next().then(String, ({ message }: Error) => message);
  await leave(publisher, names[2] as string, 2);
  expect(await ending).toMatch(/ECONNRESET|closed the connection/);
  expect((await member.reply("PING")).items?.[0]?.text).toBe("pong");
}, 30_000);

test("clients that track by prefixes are disconnected when their node has left: it hears of no changes any more", async () => {
  const { names, connect } = await startRing();
  const [member, leaving, reading] = await Promise.all([connect(0), connect(2), connect(2)]);
  for (const [client, mode] of [
    [member, ["BCAST"]],
    [leaving, ["BCAST", "PREFIX", "k"]],
    [reading, []],
  ] as const) {
    await client.reply("HELLO", 3);
    expect((await client.reply("CLIENT", "TRACKING", "ON", ...mode)).text).toBe("OK");
  }
  const ending = endOf(leaving);
  await leave(await connect(1), names[2] as string, 2);
  expect(await ending).toMatch(/ECONNRESET|closed the connection/);
  const late = await connect(2);
  const refused = "CLUSTERDOWN This node is no member of its ring any more";
  const isRefused = async (): Promise<boolean> =>
    (await late.reply("CLIENT", "TRACKING", "ON", "REDIRECT", "1", "BCAST")).text === refused;
  await waitUntil(isRefused, { what: "the node to have left", timeoutMs: 20_000 });
  // What a client has read there is in doubt once, and it can read nothing more there: it may stay.
  reading.send(["CLIENT", "TRACKING", "OFF"]);
  while ((await reading.next()).text !== "OK");
  // A client of a member goes on hearing of what changes.
  await (await connect(1)).reply("SET", "last", "value");
  while ((await member.next()).items?.[1]?.items?.[0]?.text !== "last");
}, 30_000);

test("a SCAN goes on, and misses no key, when the node leaves at which its cursor is", async () => {
  const { names, connect } = await startRing();
  const leaving = names.indexOf(names.toSorted()[1] as string);
  const client = await connect((leaving + 1) % 3);
  const seen = new Set<string>();
  // A place has about 130 keys.
  const cursor = await scan(client, "0", seen, 18);
  expect(Number(cursor)).toBeLessThan(2 ** 53);
  await leave(client, names[leaving] as string, 2);
  await scan(client, cursor, seen);
  expect(seen.size).toBe(keys.length);
}, 30_000);

test("a node that has left takes no subscribers, also after a restart: members publish nothing there", async () => {
  const { names, connect, restart } = await startRing();
  const early = await connect(2);
  await leave(await connect(1), names[2] as string, 2);
  const refused = "CLUSTERDOWN This node is no member of its ring any more";
  const isOutside = async (): Promise<boolean> =>
    (await (await connect(2)).reply("SUBSCRIBE", "news")).text === refused;
  await waitUntil(isOutside, { what: "the node to have left", timeoutMs: 20_000 });
  expect((await early.reply("UNSUBSCRIBE", "news")).items?.[0]?.text).toBe("unsubscribe");
  await restart(2);
  const late = await connect(2);
  // By itself it would count its own keys, and wait for a right that it does not get.
  expect((await late.reply("CONFIG", "SET", "cluster-routing", "redirect")).text).toBe("OK");
  expect((await late.reply("DBSIZE")).text).toBe(refused);
  for (const command of ["SUBSCRIBE", "PSUBSCRIBE"]) expect((await late.reply(command, "news")).text).toBe(refused);
}, 30_000);
