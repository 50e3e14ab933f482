import { afterEach, expect, test } from "bun:test";
import { nodeId } from "../../../src/cluster/members.ts";
import { AgreedRing } from "./agreed-ring.ts";
import { expectAll, keys, writeAll } from "./checked-keys.ts";

let ring: AgreedRing;

afterEach(() => ring.stop());

const testTimeoutMs = 60_000;
/** For each node its slots, of CLUSTER NODES. */
const slotsIn = (nodes: string): string[] =>
  nodes
    .trim()
    .split("\n")
    .map((line) => [line.split(" ")[0], ...line.split(" ").slice(8)].join(" "))
    .toSorted();

const join = (node: number): Promise<string> =>
  ring.ask(0, "CLUSTER", "MEET", "127.0.0.1", `${ring.ports[node] as number}`);
const leave = (asked: number, node: number): Promise<string> =>
  ring.ask(asked, "CLUSTER", "FORGET", nodeId(ring.names[node] as string));

test(
  "a new ring has few ranges of slots and even shares, and each node knows the same",
  async () => {
    ring = await AgreedRing.start(3, 0);
    const { seats } = (await ring.status(1))!;
    expect(seats.map(({ ranges }) => ranges)).toEqual([1, 1, 1]);
    for (const { slots } of seats) expect(slots).toBeWithin(5461, 5463);
    const nodes = await ring.ask(0, "CLUSTER", "SLOTS");
    expect(await ring.ask(2, "CLUSTER", "SLOTS")).toBe(nodes);
    await writeAll(ring, 0);
    for (const node of [0, 1, 2]) await expectAll(ring, node);
  },
  testTimeoutMs,
);

test(
  "a ring of three grows to five and shrinks to three, with its keys",
  async () => {
    ring = await AgreedRing.start(3, 2);
    await writeAll(ring, 0);
    await Promise.all([ring.startNode(3), ring.startNode(4)]);
    expect(await ring.ask(3, "CLUSTER", "MEET", "127.0.0.1", "1")).toContain("this node is no member of a ring");
    for (const node of [3, 4]) expect(await join(node)).toBe("OK");
    const grown = await ring.untilSettled(4, 5);
    expect(grown.voters).toHaveLength(5);
    for (const { slots } of grown.seats) expect(slots).toBeWithin(Math.floor(16_384 / 5 / 1.1), 16_384 / 5 + 330);
    for (const node of [0, 3, 4]) await expectAll(ring, node);
    for (const node of [0, 3]) expect(await leave(4, node)).toBe("OK");
    const shrunk = await ring.untilSettled(4, 3);
    expect(shrunk.voters.toSorted()).toEqual([1, 2, 4].map((node) => ring.names[node] as string).toSorted());
    for (const node of [1, 2, 4]) await expectAll(ring, node);
    // Whoever still asks a node that has left is told where the keys are.
    expect(await ring.ask(0, "GET", "key:1")).toMatch(/^error: MOVED \d+ 127\.0\.0\.1:\d+$/);
  },
  testTimeoutMs,
);

test(
  "a node that waits to be added owns no slots, says so, and answers when it has been added",
  async () => {
    ring = await AgreedRing.start(1, 1);
    await writeAll(ring, 0);
    await ring.startNode(1);
    const nodes = (await ring.ask(1, "CLUSTER", "NODES")).trim().split("\n");
    expect(nodes.map((line) => line.split(" ").length)).toEqual([8, 8]);
    expect(await ring.ask(1, "CLUSTER", "INFO")).toStartWith("cluster_state:fail\r\ncluster_slots_assigned:0\r\n");
    const client = await ring.connect(1);
    expect((await client.reply("CLUSTER", "SLOTS")).items).toEqual([]);
    const [get, set] = [
      ["GET", "key:1"],
      ["MSET", "key:1", "a", "key:2", "b"],
    ] as const;
    for (const words of [get, set, ["DBSIZE"], ["RANDOMKEY"], ["FLUSHALL"], ["FLUSHDB"]] as const) {
      expect((await client.reply(...words)).text).toStartWith("CLUSTERDOWN This node belongs to no ring yet");
    }
    client.close();
    expect(await join(1)).toBe("OK");
    await ring.untilSettled(1, 2);
    await expectAll(ring, 1);
  },
  testTimeoutMs,
);

test(
  "a node that is killed while it joins does not matter, and joins when it is back",
  async () => {
    ring = await AgreedRing.start(3, 1);
    await writeAll(ring, 0);
    await ring.startNode(3);
    expect(await join(3)).toBe("OK");
    await ring.kill(3);
    // What the others own is served meanwhile.
    const status = (await ring.status(0))!;
    expect(status.isSettled).toBeFalse();
    await ring.startNode(3);
    await ring.untilSettled(1, 4);
    await expectAll(ring, 3);
  },
  testTimeoutMs,
);

test(
  "the leader is killed while a node joins: another one goes on",
  async () => {
    ring = await AgreedRing.start(3, 1);
    await writeAll(ring, 0);
    await ring.startNode(3);
    const { leader } = (await ring.status(0))!;
    const former = ring.names.indexOf(leader);
    const other = (former + 1) % 3;
    expect(await join(3)).toBe("OK");
    await ring.kill(former);
    await ring.startNode(former, { peers: ring.names.slice(0, 3).join(" ") });
    await ring.untilSettled(other, 4);
    await expectAll(ring, other);
  },
  testTimeoutMs,
);

test(
  "a ring that is killed as a whole while slots move goes on where it was",
  async () => {
    ring = await AgreedRing.start(3, 1);
    await writeAll(ring, 0);
    await ring.startNode(3);
    expect(await join(3)).toBe("OK");
    await Promise.all([0, 1, 2, 3].map((node) => ring.kill(node)));
    // Their directives name the first node alone: what they have agreed on counts.
    await Promise.all([0, 1, 2, 3].map((node) => ring.startNode(node)));
    await ring.untilSettled(3, 4);
    for (const node of [0, 3]) await expectAll(ring, node);
  },
  testTimeoutMs,
);

test(
  "a node that has left can be restarted without harm, and join again",
  async () => {
    ring = await AgreedRing.start(3, 0);
    await writeAll(ring, 0);
    const leader = ring.names.indexOf((await ring.status(0))!.leader);
    const [one, other] = [0, 1, 2].filter((node) => node !== leader) as [number, number];
    expect(await leave(one, leader)).toBe("OK");
    await ring.untilSettled(one, 2);
    await ring.kill(leader);
    await ring.startNode(leader, { peers: ring.names.join(" ") });
    expect(await ring.ask(leader, "CLUSTER", "RING", "STATUS")).toContain("this node is no member of a ring");
    await expectAll(ring, other);
    const meet = ["CLUSTER", "MEET", "127.0.0.1", `${ring.ports[leader] as number}`] as const;
    expect(await ring.ask(other, ...meet)).toBe("OK");
    await ring.untilSettled(leader, 3);
    await expectAll(ring, leader);
  },
  testTimeoutMs,
);

test(
  "a ring whose members were fixed keeps its slots where they are, and gets few ranges when it is rebalanced",
  async () => {
    ring = await AgreedRing.start(3, 0, {}, { "cluster-members": "fixed" });
    await writeAll(ring, 0);
    const before = await ring.ask(0, "CLUSTER", "NODES");
    await Promise.all([0, 1, 2].map((node) => ring.kill(node, "SIGTERM")));
    const peers = ring.names.join(" ");
    await Promise.all([0, 1, 2].map((node) => ring.startNode(node, { peers, "cluster-members": "agreed" })));
    const { seats } = await ring.untilSettled(0, 3);
    expect(seats.reduce((sum, { ranges }) => sum + ranges, 0)).toBeGreaterThan(3000);
    expect(slotsIn(await ring.ask(0, "CLUSTER", "NODES"))).toEqual(slotsIn(before));
    await expectAll(ring, 1);
    expect(await ring.ask(1, "CLUSTER", "RING", "REBALANCE")).toContain('"begun"');
    const { seats: after } = await ring.untilSettled(0, 3);
    expect(after.map(({ ranges }) => ranges)).toEqual([1, 1, 1]);
    for (const node of [0, 2]) await expectAll(ring, node);
    // Nobody goes back to the points of the hash ring by accident.
    await ring.kill(2, "SIGTERM");
    const refusal = ring.startNode(2, { peers, "cluster-members": "fixed" });
    await expect(refusal).rejects.toThrow("there is ring.state in");
  },
  testTimeoutMs,
);

test(
  "a node with keys does not join, and a ring of one can be the beginning",
  async () => {
    ring = await AgreedRing.start(1, 2);
    await writeAll(ring, 0);
    expect(await ring.startWithKey(1)).toBe("OK");
    expect(await join(1)).toBe("OK");
    await ring.startNode(2);
    expect(await join(2)).toBe("OK");
    await ring.untilWaitsFor("it holds keys");
    expect(await leave(0, 1)).toBe("OK");
    const { seats } = await ring.untilSettled(0, 2);
    expect(seats.map(({ name }) => name).toSorted()).toEqual([ring.names[0], ring.names[2]].toSorted() as string[]);
    await expectAll(ring, 2);
  },
  testTimeoutMs,
);

test(
  "a place without slots whose node is away costs no command over all nodes an error",
  async () => {
    ring = await AgreedRing.start(1, 1);
    await writeAll(ring, 0);
    // A node with keys stays a place without slots, however long it takes.
    expect(await ring.startWithKey(1)).toBe("OK");
    expect(await join(1)).toBe("OK");
    await ring.untilWaitsFor("it holds keys");
    await ring.kill(1);
    expect(await ring.ask(0, "DBSIZE")).toBe(`${keys.length}`);
    const client = await ring.connect(0);
    expect((await client.reply("KEYS", "*")).items).toHaveLength(keys.length);
    const seen = new Set<string>();
    let cursor = "0";
    do {
      const { items } = await client.reply("SCAN", cursor, "COUNT", 100);
      cursor = items?.[0]?.text as string;
      for (const { text } of items?.[1]?.items ?? []) seen.add(text as string);
    } while (cursor !== "0");
    expect(seen.size).toBe(keys.length);
    expect(keys).toContain((await client.reply("RANDOMKEY")).text as string);
    client.close();
    expect(await ring.ask(0, "CLUSTER", "INFO")).toContain("cluster_size:1\r\n");
    expect(await ring.ask(0, "SCRIPT", "FLUSH")).toBe("OK");
    expect(await ring.ask(0, "FLUSHALL")).toBe("OK");
    expect(await ring.ask(0, "DBSIZE")).toBe("0");
  },
  testTimeoutMs,
);

test(
  "a replica's name is no name of a place, and the refusal says of which place it is a replica",
  async () => {
    ring = await AgreedRing.start(1, 2);
    await Promise.all([ring.startNode(1), ring.startNode(2)]);
    const [, place, replica] = ring.names as [string, string, string];
    expect(await ring.ask(0, "CLUSTER", "RING", "ADD", place, replica)).toContain('"begun"');
    await ring.untilSettled(0, 2);
    const refusal = `${replica} is a replica of place ${place}`;
    expect(await leave(0, 2)).toContain(refusal);
    expect(await ring.ask(0, "CLUSTER", "RING", "REMOVE", replica)).toContain(refusal);
  },
  testTimeoutMs,
);

test(
  "wrong requests are refused, with what is wrong and what would be right",
  async () => {
    ring = await AgreedRing.start(1, 1);
    const name = ring.names[0] as string;
    const alias = `localhost:${ring.ports[0] as number}`;
    const spare = ring.ports[1] as number;
    const refusals: readonly [[string, ...string[]], string][] = [
      [["CLUSTER", "MEET", "127.0.0.1", "70000"], "is not host:port with a port from 1 to 65535"],
      [["CLUSTER", "MEET", "127.0.0.1", `${ring.ports[0] as number}`], `place ${name} is in the ring already`],
      [["CLUSTER", "FORGET", "0".repeat(40)], `no place '${"0".repeat(40)}' in the ring: there are ${name}`],
      [["CLUSTER", "FORGET", nodeId(name)], "is the last one: somebody must keep the slots"],
      [["CLUSTER", "RING", "WEIGHTS", name, "0"], "the weight '0' is not a number above 0"],
      [["CLUSTER", "RING", "WEIGHTS", name, "0x10"], "the weight '0x10' is not a number above 0"],
      [["CLUSTER", "RING", "WEIGHTS", name, " 3 "], "the weight ' 3 ' is not a number above 0"],
      [["CLUSTER", "RING", "WEIGHTS", name, "1e3"], "the weight '1e3' is not a number above 0"],
      [["CLUSTER", "RING", "WEIGHTS", name], "syntax error"],
      // Nobody answers there.
      [["CLUSTER", "MEET", "127.0.0.1", `${spare}`], `node 127.0.0.1:${spare} does not answer`],
      [["CLUSTER", "RING", "ADD", ring.names[1] as string], `node 127.0.0.1:${spare} does not answer`],
      // Another name of a member.
      [["CLUSTER", "MEET", "localhost", `${ring.ports[0] as number}`], `the node at ${alias} is ${name}`],
      [["CLUSTER", "RING", "ADD", alias], `the node at ${alias} is ${name}`],
      [["CLUSTER", "RING", "NONSENSE"], "syntax error"],
      [["CLUSTER", "RING", "CANCEL"], "nothing moves: there is nothing to cancel"],
      [["CLUSTER", "REPLICATE", nodeId(name)], `node ${name} is a node of place ${name} already`],
    ];
    for (const [words, refusal] of refusals) expect(await ring.ask(0, ...words)).toContain(refusal);
    const client = await ring.connect(0);
    await client.reply("MULTI");
    expect((await client.reply("CLUSTER", "RING", "CANCEL")).sign).toBe("-");
    client.close();
    // Nothing of all this has changed the ring.
    expect((await ring.status(0))?.isSettled).toBeTrue();
  },
  testTimeoutMs,
);
