import { expect, test } from "bun:test";
import type { Member, RingEvent } from "../../../src/cluster/agreement/ring-member.ts";
import { ringTiming } from "../../../src/cluster/agreement/ring-timing.ts";
import { noticeKinds } from "../../../src/cluster/failover/notices.ts";
import type { RingAgent } from "../../../src/cluster/failover/ring-agent.ts";
import { RingOperators } from "../../../src/cluster/failover/ring-operators.ts";
import type { OperatorAnswer } from "../../../src/cluster/failover/ring-request-codec.ts";
import { firstTable } from "../../../src/cluster/failover/seat-plan.ts";
import { Operators } from "../../../src/cluster/failover/seat-operators.ts";
import { LinkEvents } from "../../../src/cluster/link/link-events.ts";
import type { OutgoingLink } from "../../../src/cluster/link/outgoing-link.ts";
import { Members } from "../../../src/cluster/members.ts";
import type { Services } from "../../../src/dispatch/context.ts";

const names = ["127.0.0.1:7000", "127.0.0.1:7001", "127.0.0.1:7002"] as const;
const [primary, replica] = names;
const server = { environment: { monotonicMs: () => 0, report: () => {} } } as unknown as Services;

const tableOf = (self: string) =>
  firstTable({
    ...{ self, peers: names, "cluster-members": "agreed", "cluster-replicas": [names], appendonly: true },
    "cluster-acknowledgement": "replica",
  });

test("a change that another leader may have undone is not answered as done", async () => {
  const table = tableOf(primary);
  const stored = { term: 4, table };
  const member = { role: { type: "leader" }, committed: table, durable: { term: 4, stored }, kept: { stored } };
  const take = ({ type }: RingEvent): void => {
    expect(type).toBe("change");
    member.durable.stored = { term: 4, table: { ...table, version: table.version + 1 } };
    operators.changed({ type: "begun", plan: { differences: [], slots: 0, lostSlots: 0, of: 16_384, ranges: [1, 1] } });
  };
  const agent = { member: member as unknown as Member, take } as unknown as RingAgent;
  const operators = new RingOperators({
    ...{ server, members: new Members(primary, names), events: new LinkEvents(), nodeTimeoutMs: 600 },
    ...{ agent: () => agent, outgoing: { links: [], meet: () => {} } },
  });
  const ask = (): Promise<OperatorAnswer> =>
    new Promise((resolve) => {
      operators.ask({ type: "change", request: { type: "rebalance" }, isDryRun: false }, resolve);
    });
  const lost = ask();
  await new Promise(setImmediate);
  operators.look();
  // This node has voted for another one, or heard another leader. The next table has the same number.
  member.durable.term = 5;
  member.committed = { ...table, version: table.version + 1 };
  operators.look();
  expect(await lost).toMatchObject({ type: "refused", reason: expect.stringContaining("another leader was elected") });
  member.durable.term = 4;
  expect(await ask()).toMatchObject({ type: "begun" });
});

test("a copy that is not in sync, or was restarted, does not ask for its primary's place", () => {
  const first = tableOf(replica);
  const copyOf = (node: string, run: number) => ({ node, run });
  const seat = { ...first.seats[0]!, primary: copyOf(primary, 1), inSync: [copyOf(primary, 1)] };
  const member = { serving: undefined, durable: { run: 8, stored: { term: 1, table: first } }, committed: first };
  const asked: number[] = [];
  const link = { isOpen: true, notify: (kind: number) => void asked.push(kind) } as unknown as OutgoingLink;
  const members = new Members(replica, names);
  const agent = { member } as unknown as RingAgent;
  const operators = new Operators({
    ...{ server, members, events: new LinkEvents(), links: members.names.map(() => link) },
    ...{ timing: ringTiming(600), agent: () => agent, updateData: () => {} },
  });
  for (const others of [[], [copyOf(replica, 7)], [copyOf(names[2], 8)]]) {
    member.committed = { ...first, seats: [{ ...seat, inSync: [...seat.inSync, ...others] }] };
    expect(() => operators.handOver()).toThrow("is not in sync with the primary");
  }
  expect(asked).toEqual([]);
  member.committed = { ...first, seats: [{ ...seat, inSync: [...seat.inSync, copyOf(replica, 8)] }] };
  operators.handOver();
  expect(asked).toEqual([noticeKinds.handOver]);
});
