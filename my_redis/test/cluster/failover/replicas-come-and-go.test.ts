import { afterEach, expect, test } from "bun:test";
import { waitUntil } from "../../../../tools/test-services/index.ts";
import { nodeId } from "../../../src/cluster/members.ts";
import type { SeatOfRing } from "../../../src/cluster/failover/ring-status.ts";
import { AgreedRing } from "./agreed-ring.ts";
import { expectAll, keys, writeAll } from "./checked-keys.ts";

let ring: AgreedRing;

afterEach(() => ring.stop());

const testTimeoutMs = 60_000;

const nameOf = (node: number): string => ring.names[node] as string;

const add = (node: number, place: number): Promise<string> =>
  ring.ask(0, "CLUSTER", "RING", "ADD", nameOf(node), "REPLICAOF", nameOf(place));
const remove = (node: number): Promise<string> => ring.ask(0, "CLUSTER", "RING", "REMOVE", nameOf(node), "REPLICA");

/** Waits until a place is as it is to be, as the ring's leader sees it. */
async function untilPlace(place: number, what: string, check: (seat: SeatOfRing) => boolean, asked = 0): Promise<void> {
  await waitUntil(
    async () => {
      const status = await ring.status(asked);
      const seat = status?.seats.find(({ name }) => name === nameOf(place));
      return status?.isSettled === true && seat !== undefined && check(seat);
    },
    { what, timeoutMs: 20_000, intervalMs: 30 },
  );
}

const untilInSync = (place: number, nodes: readonly number[]): Promise<void> =>
  untilPlace(
    place,
    "the nodes in sync",
    ({ inSync }) => inSync.toSorted().join() === nodes.map(nameOf).toSorted().join(),
  );

test(
  "an empty node becomes a replica of a place while the ring serves, takes the place over, and is removed again",
  async () => {
    ring = await AgreedRing.start(3, 1, { "cluster-routing": "relay" });
    await writeAll(ring, 0);
    await ring.startNode(3);
    expect(JSON.parse(await add(3, 1))).toMatchObject({ type: "begun", plan: { slots: 0, lostSlots: 0 } });
    await untilInSync(1, [1, 3]);
    expect((await ring.status(0))!.voters).toContain(nameOf(3));
    expect(await ring.ask(0, "CLUSTER", "REPLICAS", nodeId(nameOf(1)))).not.toContain("error");

    await ring.kill(1);
    await untilPlace(1, "the replica to serve", ({ primary }) => primary === nameOf(3));
    await expectAll(ring, 0);
    expect(await remove(3)).toContain(`node ${nameOf(3)} is the primary of place ${nameOf(1)}`);
    await ring.startNode(1);
    await untilInSync(1, [1, 3]);
    expect(await ring.ask(1, "CLUSTER", "FAILOVER")).toBe("OK");
    await untilPlace(1, "the first node to serve", ({ primary }) => primary === nameOf(1));
    await untilInSync(1, [1, 3]);

    expect(await remove(3)).toContain('"begun"');
    await untilInSync(1, [1]);
    expect((await ring.status(0))!.voters.toSorted()).toEqual(ring.names.slice(0, 3).toSorted());
    await waitUntil(async () => (await ring.ask(1, "INFO", "replication")).includes("connected_slaves:0"), {
      ...{ what: "the replica to go", timeoutMs: 20_000, intervalMs: 30 },
    });
    expect(await ring.ask(3, "GET", "key:1")).toMatch(/^error: MOVED \d+/);
    await writeAll(ring, 0, "new");
    await expectAll(ring, 2, "new");
    // It comes back, although it still has what the place had.
    expect(await add(3, 2)).toContain('"begun"');
    await untilInSync(2, [2, 3]);
    await ring.kill(2);
    await untilPlace(2, "the replica to serve", ({ primary }) => primary === nameOf(3));
    await expectAll(ring, 0, "new");
  },
  testTimeoutMs,
);

test(
  "CLUSTER REPLICATE at a replica makes it one of another place, and a node without a place says how it gets one",
  async () => {
    ring = await AgreedRing.start(2, 1);
    await writeAll(ring, 0);
    await ring.startNode(2);
    await waitUntil(async () => (await ring.ask(2, "PING")) === "PONG", { what: "the node", timeoutMs: 10_000 });
    expect(await add(2, 0)).toContain('"begun"');
    await untilInSync(0, [0, 2]);
    expect(await ring.ask(0, "CLUSTER", "REPLICATE", nodeId(nameOf(1)))).toContain(
      `node ${nameOf(0)} is the primary of place ${nameOf(0)}`,
    );
    expect(await ring.ask(2, "CLUSTER", "REPLICATE", "0".repeat(40))).toContain("no place");
    expect(await ring.ask(2, "CLUSTER", "REPLICATE", nodeId(nameOf(1)))).toBe("OK");
    await untilInSync(1, [1, 2]);
    await untilInSync(0, [0]);
    expect((await ring.status(0))!.voters).toHaveLength(3);
    await ring.kill(1);
    await untilPlace(1, "the replica to serve", ({ primary }) => primary === nameOf(2));
    await expectAll(ring, 0);
  },
  testTimeoutMs,
);

test(
  "a node that holds keys becomes no replica, and FLUSHALL at it does not empty the ring",
  async () => {
    ring = await AgreedRing.start(1, 2);
    await writeAll(ring, 0);
    expect(await ring.startWithKey(1)).toBe("OK");
    expect(await add(1, 0)).toContain('"begun"');
    expect(await ring.ask(1, "FLUSHALL")).toMatch(/READONLY|belongs to no ring yet/);
    // Not even where replicas may be written to.
    expect(await ring.ask(1, "CONFIG", "SET", "replica-read-only", "no")).toBe("OK");
    const untilHeard = (): Promise<void> => ring.untilWaitsFor("it holds keys. Stop it, move its folder away");
    await untilHeard();
    for (const flush of ["FLUSHALL", "FLUSHDB"] as const) {
      expect(await ring.ask(1, flush)).toContain("holds keys from before it came to the ring");
    }
    expect(await ring.ask(0, "DBSIZE")).toBe(`${keys.length}`);
    expect(await remove(1)).toContain('"begun"');
    await ring.untilSettled(0, 1);
    // As a place of its own it is refused, too.
    expect(await ring.ask(0, "CLUSTER", "MEET", "127.0.0.1", `${ring.ports[1] as number}`)).toBe("OK");
    await untilHeard();
    expect(await ring.ask(1, "FLUSHALL")).toContain("would leave them, and empty the whole ring");
    expect(await ring.ask(0, "DBSIZE")).toBe(`${keys.length}`);
    await expectAll(ring, 0);
  },
  testTimeoutMs,
);
