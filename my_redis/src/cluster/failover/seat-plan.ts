import { slotCount } from "hash-ring";
import { DirectiveError } from "../../settings/directive.ts";
import type { SettingValues } from "../../settings/settings.ts";
import { firstSlots } from "../agreement/ring-change.ts";
import type { Acknowledgement, RingTable, Seat } from "../agreement/ring-table.ts";
import type { Members } from "../members.ts";

/** Of fewer nodes than this no majority is left when one fails. */
const leastNodes = 3;
/** So many slots move at once. Each move stops requests for its slots for a moment, and one that fails begins anew. */
const slotsPerMove = 512;

export type PlanValues = Pick<
  SettingValues,
  "self" | "peers" | "cluster-replicas" | "cluster-acknowledgement" | "appendonly"
>;

/** Refuses what cannot fail over. Throws DirectiveError. */
export function checkReplicas(values: PlanValues): void {
  const groups = values["cluster-replicas"];
  if (groups.length === 0) return;
  const names = new Set([values.self, ...values.peers]);
  const seen = new Set<string>();
  for (const name of groups.flat()) {
    if (!names.has(name)) throw refusal(`${name} is neither self nor among the peers`);
    if (seen.has(name)) throw refusal(`${name} stands there twice, and a node holds one place`);
    seen.add(name);
  }
  if (names.size < leastNodes) {
    throw refusal(
      `a ring of ${names.size} nodes has no majority when one of them fails: it needs at least ${leastNodes} (self and peers)`,
    );
  }
  // A node that comes back must know how much it has kept.
  if (!values.appendonly) throw refusal("it needs 'appendonly yes'");
}

const refusal = (reason: string): DirectiveError => new DirectiveError(`cluster-replicas: ${reason}`);

/** The table that all nodes begin with: it follows from their directives, and is alike on all of them. */
export function firstTable(members: Members, values: PlanValues): RingTable {
  const acknowledgement: Acknowledgement = values["cluster-acknowledgement"];
  const seats = members.seats.map((name) => {
    const primary = { node: name, run: 0 };
    const nodes = values["cluster-replicas"].find(([first]) => first === name) ?? [name];
    return { name, nodes, primary, epoch: 0, revision: 0, inSync: [primary] };
  });
  const slots = firstSlots(seats, { slots: slotCount, batch: slotsPerMove });
  return { version: 0, voters: members.names, formerVoters: undefined, acknowledgement, seats, slots };
}

/** What all nodes must have in common, as text to compare and to log. */
export function failoverTerms(
  values: Pick<SettingValues, "cluster-replicas" | "cluster-acknowledgement" | "cluster-node-timeout">,
): string {
  const groups = values["cluster-replicas"].map(([seat, ...replicas]) => [seat, ...replicas.toSorted()].join(" "));
  return (
    `cluster-replicas ${groups.toSorted().join(", ")}; cluster-acknowledgement ${values["cluster-acknowledgement"]}; ` +
    `cluster-node-timeout ${values["cluster-node-timeout"]}`
  );
}

/** How a stored table differs from the directives; undefined when it does not. Who serves a seat does not matter. */
export function differenceOf(stored: RingTable, planned: RingTable): string | undefined {
  const seatText = (table: RingTable): string =>
    table.seats
      .map(({ name, nodes }) => [name, ...nodes.filter((node) => node !== name).toSorted()].join(" "))
      .join(", ");
  const voterText = ({ voters }: RingTable): string => voters.join(" ");
  if (voterText(stored) !== voterText(planned)) {
    return `the ring has agreed on the nodes ${voterText(stored)}, and self and peers name ${voterText(planned)}`;
  }
  if (seatText(stored) !== seatText(planned)) {
    return `the ring has agreed on the replicas ${seatText(stored)}, and cluster-replicas gives ${seatText(planned)}`;
  }
  if (stored.acknowledgement === planned.acknowledgement) return undefined;
  return `the ring has agreed on cluster-acknowledgement ${stored.acknowledgement}, and the directive says ${planned.acknowledgement}`;
}

/** For each place on the ring, its nodes with the primary first. */
export const nodesBySeat = ({ seats }: Members, table: RingTable): readonly (readonly string[])[] =>
  seats.map((name) => {
    const { nodes, primary } = table.seats.find((seat) => seat.name === name) as Seat;
    return [primary.node, ...nodes.filter((node) => node !== primary.node)];
  });
