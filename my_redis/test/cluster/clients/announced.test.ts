import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, createServer, type Server } from "node:net";
import { Cluster } from "ioredis";
import { requireService, startRedisServer, waitUntil } from "../../../../tools/test-services/index.ts";
import { type Reply, showReply } from "../../differential/harness/reply.ts";
import { RespConnection } from "../../differential/harness/resp-connection.ts";
import { type MemoryRing, startMemoryRing } from "../memory-ring.ts";

const redis = requireService("redis");
/** Nodes are not there, but the proxies are. */
const outside = "127.0.0.2";

/** Passes connections to its address on to a node. */
interface Proxy {
  readonly server: Server;
  readonly port: number;
  connections: number;
}

function startProxy(target: number): Promise<Proxy> {
  return new Promise((resolve) => {
    const server = createServer((client) => {
      proxy.connections++;
      const upstream = connect(target, "127.0.0.1");
      client.pipe(upstream).pipe(client);
      for (const socket of [client, upstream]) socket.on("error", () => socket.destroy());
      client.on("close", () => upstream.destroy());
      upstream.on("close", () => client.destroy());
    });
    let proxy: Proxy;
    server.listen(0, outside, () => {
      proxy = { server, port: (server.address() as { port: number }).port, connections: 0 };
      resolve(proxy);
    });
  });
}

let ring: MemoryRing;
let proxies: Proxy[];

beforeAll(async () => {
  ring = await startMemoryRing(3);
  proxies = await Promise.all(ring.ports.map(startProxy));
});

afterAll(async () => {
  for (const { server } of proxies) server.close();
  await ring.close();
});

async function onAll(...command: (string | number)[]): Promise<Reply[]> {
  return Promise.all(ring.nodes.map((_, node) => on(node, ...command)));
}

async function on(node: number, ...command: (string | number)[]): Promise<Reply> {
  const connection = await ring.connect(node);
  const reply = await connection.reply(...command);
  connection.close();
  return reply;
}

test("clients outside of a NAT find all nodes at the addresses that these announce while they run", async () => {
  await onAll("CONFIG", "SET", "cluster-routing", "redirect");
  for (const [node, { port }] of proxies.entries()) {
    const changes = ["cluster-announce-ip", outside, "cluster-announce-port", port, "cluster-announce-hostname"];
    expect((await on(node, "CONFIG", "SET", ...changes, `node-${node}.test`)).text).toBe("OK");
  }
  const isTold = async (): Promise<boolean> =>
    (await onAll("CLUSTER", "NODES")).every(({ text }) =>
      proxies.every(({ port }, node) => text?.includes(`${outside}:${port}@${ring.ports[node]},node-${node}.test `)),
    );
  await waitUntil(isTold, { what: "all nodes to know of the announcements", timeoutMs: 10_000 });

  const cluster = new Cluster([{ host: outside, port: proxies[0]!.port }], { scaleReads: "master" });
  const keys = Array.from({ length: 100 }, (_, number) => `key${number}`);
  await Promise.all(keys.map((key, number) => cluster.set(key, number)));
  expect(await Promise.all(keys.map((key) => cluster.get(key)))).toEqual(keys.map((_, number) => `${number}`));
  const used = cluster.nodes("master").map(({ options }) => `${options.host}:${options.port}`);
  expect(used.toSorted()).toEqual(proxies.map(({ port }) => `${outside}:${port}`).toSorted());
  expect(proxies.every(({ connections }) => connections > 0)).toBe(true);
  cluster.disconnect();

  const moved = (await Promise.all(keys.map((key) => on(0, "GET", key)))).filter(({ sign }) => sign === "-");
  expect(moved.length).toBeGreaterThan(0);
  for (const { text } of moved)
    expect(text).toMatch(new RegExp(`^MOVED \\d+ ${outside}:(${proxies[1]!.port}|${proxies[2]!.port})$`));
  await on(0, "CONFIG", "SET", "cluster-preferred-endpoint-type", "hostname");
  expect((await on(0, "GET", keyOf(moved))).text).toMatch(/^MOVED \d+ node-[12].test:\d+$/);
  await on(0, "CONFIG", "SET", "cluster-preferred-endpoint-type", "unknown-endpoint");
  expect((await on(0, "GET", keyOf(moved))).text).toMatch(/^MOVED \d+ :\d+$/);
  await on(0, "CONFIG", "SET", "cluster-preferred-endpoint-type", "ip");

  function keyOf(replies: readonly Reply[]): string {
    const slot = Number(replies[0]?.text?.split(" ")[1]);
    const { view } = ring.nodes[0]!.server.parts.cluster!;
    return keys.find((key) => view.slotOfKey(Buffer.from(key), 0, key.length) === slot) as string;
  }
});

test("a link that is opened anew says what was announced meanwhile", async () => {
  await on(
    1,
    "CONFIG",
    "SET",
    "cluster-announce-ip",
    "",
    "cluster-announce-port",
    0,
    "cluster-announce-hostname",
    "late.test",
  );
  const isTold = async (): Promise<boolean> =>
    (await on(0, "CLUSTER", "NODES")).text?.includes(`${ring.names[1]}@${ring.ports[1]},late.test `) === true;
  await waitUntil(isTold, { what: "the change to be known", timeoutMs: 10_000 });
  // What was said last is lost here, so that the greeting has to say it.
  ring.nodes[0]!.server.parts.cluster!.endpoints.take(ring.names[1] as string, {});
  expect(await isTold()).toBe(false);
  for (const link of [...ring.nodes[1]!.server.parts.cluster!.incoming.links]) link.end("the test breaks it");
  await waitUntil(isTold, { what: "the greeting to say it", timeoutMs: 10_000 });
});

describe.skipIf(redis.missing)(`nodes are shown as by redis-server${redis.reason}`, () => {
  test("in CLUSTER SLOTS, SHARDS and NODES, with each preferred endpoint", async () => {
    const server = await startRedisServer({ args: ["--cluster-enabled", "yes"] });
    const theirs = await RespConnection.open(server.port, "redis-server");
    const ours = await ring.connect(0);
    await theirs.reply("CLUSTER", "ADDSLOTSRANGE", 0, 16_383);
    const announced = [
      "cluster-announce-ip",
      "10.9.8.7",
      "cluster-announce-port",
      7000,
      "cluster-announce-bus-port",
      7001,
    ];
    const id = (await ours.reply("CLUSTER", "MYID")).text as string;
    const theirId = (await theirs.reply("CLUSTER", "MYID")).text as string;
    for (const name of ["", "seven.test"]) {
      for (const each of [ours, theirs]) {
        expect((await each.reply("CONFIG", "SET", ...announced, "cluster-announce-hostname", name)).text).toBe("OK");
      }
      const isTaken = async (): Promise<boolean> =>
        (await theirs.reply("CLUSTER", "NODES")).text?.includes(
          `10.9.8.7:7000@7001${name === "" ? " " : `,${name} `}`,
        ) === true;
      await waitUntil(isTaken, { what: "redis-server to announce itself", timeoutMs: 10_000 });
      for (const type of ["ip", "hostname", "unknown-endpoint"]) {
        for (const protocol of [2, 3]) {
          const seen: string[][] = [];
          for (const [connection, own] of [
            [ours, id],
            [theirs, theirId],
          ] as const) {
            await connection.replies([
              ["HELLO", protocol],
              ["CONFIG", "SET", "cluster-preferred-endpoint-type", type],
            ]);
            seen.push(await shown(connection, own));
          }
          expect(seen[0]).toEqual(seen[1] as string[]);
        }
      }
    }
    ours.close();
    theirs.close();
    await server.stop();
  });
});

/** What a connection's node says of itself, with its id made alike. */
async function shown(connection: RespConnection, id: string): Promise<string[]> {
  const [slots, shards, nodes] = (await connection.replies([
    ["CLUSTER", "SLOTS"],
    ["CLUSTER", "SHARDS"],
    ["CLUSTER", "NODES"],
  ])) as [Reply, Reply, Reply];
  const entry = slots.items?.map(({ items }) => items?.[2] as Reply).find((node) => showReply(node).includes(id));
  const shard = shards.items
    ?.map(({ items }) => items?.[3]?.items?.[0] as Reply)
    .find((node) => showReply(node).includes(id));
  const line = nodes.text?.split("\n").find((each) => each.startsWith(id)) ?? "";
  return [showReply(entry as Reply), showReply(shard as Reply), line.split(" ").slice(0, 3).join(" ")].map((text) =>
    text.replaceAll(id, "<id>").replace(/("replication-offset" ):\d+/, "$1<offset>"),
  );
}
