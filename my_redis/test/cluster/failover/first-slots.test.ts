import { describe, expect, test } from "bun:test";
import type { Peer } from "../../../src/cluster/agreement/peer.ts";
import type { Member } from "../../../src/cluster/agreement/ring-member.ts";
import type { RingTable } from "../../../src/cluster/agreement/ring-table.ts";
import { firstSlots } from "../../../src/cluster/failover/first-slots.ts";
import { ownersByPoints } from "../../../src/cluster/members.ts";

const names = ["a:1", "b:1", "c:1"];

interface Facts {
  /** By the nodes in their order; undefined for one that was not heard. */
  readonly holdsKeys: readonly [boolean, boolean | undefined, boolean | undefined];
  /** The place of this node has never had a primary. */
  readonly without?: string;
  /** The run of c that was heard. */
  readonly runOfLast?: number;
}

/** The first node leads a ring of three places. */
function leader({ holdsKeys, without, runOfLast = 5 }: Facts): Member {
  const seats = names.map((name) => {
    const primary = { node: name, run: name === without ? 0 : 5 };
    return { name, nodes: [name], primary, epoch: name === without ? 0 : 2, revision: 0, inSync: [primary] };
  });
  const table: RingTable = { version: 4, voters: names, formerVoters: undefined, acknowledgement: "primary", seats };
  const peers = new Map<string, Peer>();
  for (const node of [1, 2] as const) {
    const run = node === 2 ? runOfLast : 5;
    const heard = holdsKeys[node];
    if (heard !== undefined) peers.set(names[node] as string, { run, holdsKeys: heard } as Peer);
  }
  const role = { type: "leader", peers, committed: { term: 1, table } };
  return { self: "a:1", role, holdsKeys: holdsKeys[0], durable: { run: 5 } } as unknown as Member;
}

describe("the first layout of slots", () => {
  test("has few ranges when all primaries have said that they have no keys", () => {
    expect(firstSlots(leader({ holdsKeys: [false, false, false] }))).toMatchObject({
      type: "slots",
      owners: [{ owner: "a:1" }, { owner: "b:1" }, { owner: "c:1" }],
    });
  });

  test("is that of the points of the hash ring when one of them has keys, whichever it is", () => {
    const owners = ownersByPoints(names);
    expect(owners.length).toBeGreaterThan(3000);
    expect(firstSlots(leader({ holdsKeys: [true, false, false] }))).toMatchObject({ owners });
    expect(firstSlots(leader({ holdsKeys: [false, undefined, true] }))).toMatchObject({ owners });
  });

  test("waits for a primary that was not heard, or whose heard run is another, while nobody has keys", () => {
    expect(firstSlots(leader({ holdsKeys: [false, undefined, false] }))).toBeUndefined();
    expect(firstSlots(leader({ holdsKeys: [false, false, false], runOfLast: 4 }))).toBeUndefined();
  });

  test("waits until each place has a primary: later none with keys would be appointed", () => {
    expect(firstSlots(leader({ holdsKeys: [true, true, true], without: "b:1" }))).toBeUndefined();
  });
});
