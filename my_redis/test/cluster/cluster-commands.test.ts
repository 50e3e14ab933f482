import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Reply } from "../differential/harness/reply.ts";
import type { RespConnection } from "../differential/harness/resp-connection.ts";
import { type MemoryRing, startMemoryRing } from "./memory-ring.ts";

let ring: MemoryRing;
let nodes: RespConnection[];

beforeAll(async () => {
  ring = await startMemoryRing(3);
  nodes = await Promise.all(ring.nodes.map((_, node) => ring.connect(node)));
});
afterAll(async () => {
  for (const node of nodes) node.close();
  await ring.close();
});

const texts = async (...command: string[]): Promise<string[]> =>
  Promise.all(nodes.map(async (node) => (await node.reply(...command)).text as string));
const items = (reply: Reply | undefined): readonly Reply[] => reply?.items ?? [];

describe("CLUSTER in a ring of three nodes", () => {
  test("SLOTS, SHARDS and NODES name every slot once, with the same owner on every node", async () => {
    const ids = await texts("CLUSTER", "MYID");
    expect(new Set(ids).size).toBe(3);
    const answers = await Promise.all(nodes.map((node) => node.reply("CLUSTER", "SLOTS")));
    expect(answers[1]).toEqual(answers[0] as Reply);
    const owners = new Map<number, string>();
    for (const range of items(answers[0])) {
      const [start, end, owner] = items(range);
      const [host, port, id] = items(owner).map(({ text }) => text as string);
      expect(ring.names).toContain(`${host}:${port}`);
      expect(ids).toContain(id as string);
      for (let slot = Number(start?.text); slot <= Number(end?.text); slot++) owners.set(slot, id as string);
    }
    expect(owners.size).toBe(16_384);

    const [nodesText] = await texts("CLUSTER", "NODES");
    for (const line of (nodesText as string).trim().split("\n")) {
      const [id, , flags, , , , , state, ...ranges] = line.split(" ");
      expect([flags, state]).toEqual([id === ids[0] ? "myself,master" : "master", "connected"]);
      for (const range of ranges) {
        const [start, end = start] = range.split("-");
        for (let slot = Number(start); slot <= Number(end); slot++) expect(owners.get(slot)).toBe(id as string);
      }
    }
    const shards = items(await (nodes[2] as RespConnection).reply("CLUSTER", "SHARDS"));
    const counts = shards.map((shard) => {
      const ranges = items(items(shard)[1]).map(({ text }) => Number(text));
      return ranges.reduce((sum, slot, at) => sum + (at % 2 === 0 ? 1 - slot : slot), 0);
    });
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(16_384);
  });

  test("KEYSLOT, COUNTKEYSINSLOT and GETKEYSINSLOT find keys where they are", async () => {
    const client = nodes[0] as RespConnection;
    await client.replies(Array.from({ length: 20 }, (_, number) => ["SET", `{tag}${number}`, number]));
    const slot = (await client.reply("CLUSTER", "KEYSLOT", "{tag}")).text as string;
    expect((await texts("CLUSTER", "COUNTKEYSINSLOT", slot)).sort()).toEqual(["0", "0", "20"]);
    const found = await Promise.all(nodes.map((node) => node.reply("CLUSTER", "GETKEYSINSLOT", slot, 7)));
    expect(found.map((reply) => items(reply).length).sort()).toEqual([0, 0, 7]);
    for (const wrong of [
      ["COUNTKEYSINSLOT", "16384"],
      ["GETKEYSINSLOT", "-1", "1"],
      ["GETKEYSINSLOT", "1", "-1"],
    ]) {
      expect((await client.reply("CLUSTER", ...wrong)).text).toStartWith("ERR Invalid slot");
    }
  });

  test("INFO, LINKS, COUNT-FAILURE-REPORTS and REPLICAS describe the nodes", async () => {
    const client = nodes[0] as RespConnection;
    const info = (await client.reply("CLUSTER", "INFO")).text as string;
    for (const line of ["cluster_state:ok", "cluster_slots_ok:16384", "cluster_known_nodes:3", "cluster_size:3"]) {
      expect(info).toContain(`${line}\r\n`);
    }
    expect((await client.reply("INFO", "cluster")).text).toContain("cluster_enabled:1\r\n");
    expect((await client.reply("INFO", "server")).text).toContain("redis_mode:cluster\r\n");
    const links = items(await client.reply("CLUSTER", "LINKS"));
    expect(links.map((link) => items(link)[1]?.text).sort()).toEqual(["from", "from", "to", "to"]);
    const [, id] = await texts("CLUSTER", "MYID");
    expect((await client.reply("CLUSTER", "COUNT-FAILURE-REPORTS", id as string)).text).toBe("0");
    expect((await client.reply("CLUSTER", "REPLICAS", id as string)).items).toEqual([]);
    expect((await client.reply("CLUSTER", "REPLICAS", "nobody")).text).toBe("ERR Unknown node nobody");
  });

  test("READONLY, READWRITE and ASKING are accepted, and the members are not changed by commands", async () => {
    const client = nodes[0] as RespConnection;
    for (const name of ["READONLY", "READWRITE", "ASKING"]) expect((await client.reply(name)).text).toBe("OK");
    for (const words of [["MEET", "127.0.0.1", "7000"], ["RESET"], ["ADDSLOTS", "1"], ["FAILOVER"]]) {
      expect((await client.reply("CLUSTER", ...words)).text).toMatch(/^ERR CLUSTER .* is not possible: /);
    }
  });

  test("SORT looks up keys in its own slot, and no others", async () => {
    const client = nodes[0] as RespConnection;
    await client.replies([
      ["RPUSH", "{s}list", 1, 2],
      ["SET", "{s}weight:1", 5],
      ["SET", "{s}weight:2", 4],
    ]);
    const sorted = await client.reply("SORT", "{s}list", "BY", "{s}weight:*", "GET", "#", "GET", "{s}weight:*");
    expect(items(sorted).map(({ text }) => text)).toEqual(["2", "4", "1", "5"]);
    expect((await client.reply("SORT", "{s}list", "BY", "weight:*")).text).toStartWith("ERR BY option of SORT denied");
    const denied = await client.reply("SORT", "{s}list", "GET", "*{s}");
    expect(denied.text).toStartWith("ERR GET option of SORT denied");
  });

  test("a node redirects when cluster-routing is redirect: MOVED names slot and owner", async () => {
    const client = nodes[0] as RespConnection;
    await client.reply("CONFIG", "SET", "cluster-routing", "redirect");
    const replies = await client.replies(Array.from({ length: 30 }, (_, number) => ["GET", `moved:${number}`]));
    const moved = replies.filter(({ sign }) => sign === "-");
    expect(moved.length).toBeGreaterThan(5);
    for (const { text } of moved) expect(text).toMatch(new RegExp(`^MOVED \\d+ (${ring.names.slice(1).join("|")})$`));
    expect((await client.reply("MSET", "a", 1, "b", 2, "c", 3)).text).toStartWith("CROSSSLOT");
    await client.reply("CONFIG", "SET", "cluster-routing", "relay");
  });
});
