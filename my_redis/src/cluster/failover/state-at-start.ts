import type { Environment } from "../../environment.ts";
import { DirectiveError } from "../../settings/directive.ts";
import type { Durable } from "../agreement/durable.ts";
import type { Members } from "../members.ts";
import { RingStateError, RingStateFile } from "./ring-state-file.ts";
import { differenceOf, firstTable, type PlanValues } from "./seat-plan.ts";

export interface StartFacts {
  readonly members: Members;
  readonly values: PlanValues;
  /** The epoch of the data that this node has loaded. */
  readonly dataEpoch: number;
  readonly nowMs: number;
}

/** The file of a node, whose troubles go to the log. */
export const openStateFile = (
  folder: string,
  node: string,
  { report }: Pick<Environment, "report">,
): RingStateFile =>
  new RingStateFile(folder, node, {
    failed: (error) => {
      const text = "ring.state cannot be written: this node takes no part in decisions until it can. It is tried again";
      report("error", text, error);
    },
    recovered: () => report("notice", "ring.state can be written again"),
  });

/** What a node has promised before, with the number of its new run. Throws RingStateError and DirectiveError. */
export function stateAtStart(file: RingStateFile, { members, values, dataEpoch, nowMs }: StartFacts): Durable {
  const planned = firstTable(members, values);
  const kept = file.read();
  // Greater than the number of any earlier run, of which a folder that is empty or was restored from a backup knows
  // nothing, unless the clock was set back. Then the leader says so.
  const run = Math.max(Math.floor(nowMs), (kept?.run ?? 0) + 1);
  if (kept === undefined) {
    if (dataEpoch > 0) throw new RingStateError(file.path, "it is missing, although the data has been part of a ring");
    return { run, term: 0, votedFor: undefined, stored: { term: 0, table: planned } };
  }
  const difference = differenceOf(kept.stored.table, planned);
  if (difference === undefined) return { ...kept, run };
  throw new DirectiveError(
    `${difference}. Change the directives back. A ring with other members begins with empty folders on all nodes`,
  );
}
