import { expect, test } from "bun:test";
import { RingMembership } from "../../../src/cluster/failover/ring-membership.ts";
import { ringGreeting } from "../../../src/cluster/failover/seat-plan.ts";
import { Members } from "../../../src/cluster/members.ts";

const names = ["127.0.0.1:7000", "127.0.0.1:7001"] as const;

const greetingOf = (nodeTimeoutMs: number) =>
  ringGreeting({
    ...{ self: names[0], peers: names, "cluster-members": "agreed", "cluster-replicas": [], appendonly: true },
    ...{ "cluster-acknowledgement": "primary", "cluster-node-timeout": nodeTimeoutMs },
  });

test("nodes with different node timeouts begin no ring: the lease of one would outlast the silence of the other", () => {
  let hasBegun = false;
  const members = new Members(names[0], names);
  const ring = new RingMembership({ members, greeting: greetingOf(600), report: () => {} });
  ring.on({ begins: () => (hasBegun = true), changed: () => {}, left: () => {} });
  ring.start("planning");
  const meet = (nodeTimeoutMs: number): string | undefined =>
    ring.meet({ name: names[1], members: names, ring: greetingOf(nodeTimeoutMs) });
  expect(meet(700)).toBe(
    "it has 'cluster-members agreed; cluster-node-timeout 700', we have 'cluster-members agreed; cluster-node-timeout 600'",
  );
  expect(hasBegun).toBeFalse();
  expect(meet(600)).toBeUndefined();
  expect(hasBegun).toBeTrue();
});
