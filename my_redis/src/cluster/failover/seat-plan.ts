import { DirectiveError } from "../../settings/directive.ts";
import type { Settings, SettingValues } from "../../settings/settings.ts";
import { mostVoters } from "../agreement/membership.ts";
import { type Acknowledgement, nodesOf, type RingTable } from "../agreement/ring-table.ts";
import type { Arrangement } from "../members.ts";
import type { RingGreeting } from "./ring-membership.ts";

/** Of fewer nodes than this no majority is left when one fails. */
const leastNodes = 3;

export type PlanValues = Pick<
  SettingValues,
  "self" | "peers" | "cluster-members" | "cluster-replicas" | "cluster-acknowledgement" | "appendonly"
>;

/** Whether the nodes of this ring agree on its members. They must, where replicas may take over. */
export const agreesOnMembers = (values: Pick<PlanValues, "cluster-members" | "cluster-replicas">): boolean =>
  values["cluster-members"] === "agreed" || values["cluster-replicas"].length > 0;

/** Refuses what cannot be agreed on, or cannot fail over. Throws DirectiveError. */
export function checkPlan(values: PlanValues): void {
  // A node that comes back must know how much it has kept.
  if (agreesOnMembers(values) && !values.appendonly) {
    throw new DirectiveError(
      `${values["cluster-replicas"].length > 0 ? "cluster-replicas" : "cluster-members agreed"}: it needs 'appendonly yes'`,
    );
  }
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
}

const refusal = (reason: string): DirectiveError => new DirectiveError(`cluster-replicas: ${reason}`);

/** The table that all nodes of a new ring begin with: it follows from their directives, and is alike on all of them. */
export function firstTable(values: PlanValues): RingTable {
  const { "cluster-replicas": groups, "cluster-acknowledgement": acknowledgement } = values;
  const names = [...new Set([values.self, ...values.peers])].toSorted();
  const replicas = new Set(groups.flatMap((group) => group.slice(1)));
  const seats = names
    .filter((name) => !replicas.has(name))
    .map((name) => {
      const primary = { node: name, run: 0 };
      const nodes = groups.find(([first]) => first === name) ?? [name];
      return { name, nodes, primary, epoch: 0, revision: 0, inSync: [primary] };
    });
  const voters = names.slice(0, mostVoters);
  return { version: 0, voters, formerVoters: undefined, acknowledgement, seats };
}

/** What a node has that no ring has taken in: it decides nothing, and waits for a leader. */
export const noTable = (acknowledgement: Acknowledgement): RingTable => ({
  ...{ version: 0, voters: [], formerVoters: undefined, acknowledgement, seats: [] },
});

/** What a node says about its ring, as text to compare and to log. */
export function ringGreeting(values: PlanValues & Pick<SettingValues, "cluster-node-timeout">): Required<RingGreeting> {
  return {
    terms: `cluster-members agreed; cluster-node-timeout ${values["cluster-node-timeout"]}`,
    plan: planText(firstTable(values)),
  };
}

/** Places, their nodes and what is acknowledged. Who serves a place does not matter. */
function planText({ acknowledgement, seats }: RingTable): string {
  const places = seats.map(({ name, nodes }) => [name, ...nodes.filter((node) => node !== name).toSorted()].join(" "));
  return `${places.toSorted().join(", ")}; cluster-acknowledgement ${acknowledgement}`;
}

/** How a stored table differs from the directives, which do not count then; undefined when it does not. */
export function differenceOf(stored: RingTable, values: PlanValues): string | undefined {
  const [agreed, planned] = [planText(stored), planText(firstTable(values))];
  if (agreed === planned) return undefined;
  return `the ring has agreed on '${agreed}', and the directives say '${planned}': they count only where a ring begins`;
}

/** The members that a table gives, and the owners of its slots. */
export const arrangementOf = (table: RingTable): Arrangement => ({
  seats: table.seats.map(({ name, nodes, primary }) => ({
    name,
    nodes: [primary.node, ...nodes.filter((node) => node !== primary.node)],
  })),
  owners: table.slots?.owners,
  others: nodesOf(table),
});

/** What cannot be changed while the node runs. */
export function fixDirectives(settings: Settings): void {
  settings.fix(
    "cluster-node-timeout",
    "a ring that agrees on its members has one value from the start of its nodes on",
  );
  settings.fix("appendonly", "a ring that agrees on its members needs 'appendonly yes'");
  settings.fix("dir", "a ring that agrees on its members keeps the log and ring.state in one folder");
}
