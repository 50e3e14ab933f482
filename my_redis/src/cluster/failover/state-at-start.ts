import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../environment.ts";
import { DirectiveError } from "../../settings/directive.ts";
import type { SettingValues } from "../../settings/settings.ts";
import type { Durable } from "../agreement/durable.ts";
import type { RecordBook } from "../transaction/record-book.ts";
import { RingStateError, RingStateFile, stateFileName } from "./ring-state-file.ts";
import { noTable, type PlanValues } from "./seat-plan.ts";

export interface StartFacts {
  readonly values: PlanValues;
  /** The epoch of the data that this node has loaded. */
  readonly dataEpoch: number;
  readonly nowMs: number;
}

/** The file of a node, whose troubles go to the log. */
export const openStateFile = (folder: string, node: string, { report }: Pick<Environment, "report">): RingStateFile =>
  new RingStateFile(folder, node, {
    failed: (error) => {
      const text = "ring.state cannot be written: this node takes no part in decisions until it can. It is tried again";
      report("error", text, error);
    },
    recovered: () => report("notice", "ring.state can be written again"),
  });

/** What a node has promised before, with the number of its new run. Throws RingStateError. */
export function stateAtStart(file: RingStateFile, { values, dataEpoch, nowMs }: StartFacts): Durable {
  const kept = file.read();
  // Greater than the number of any earlier run, of which a folder that is empty or was restored from a backup knows
  // nothing, unless the clock was set back. Then the leader says so.
  const run = Math.max(Math.floor(nowMs), (kept?.run ?? 0) + 1);
  const nothing = { term: 0, table: noTable(values["cluster-acknowledgement"]) };
  if (kept === undefined) {
    if (dataEpoch > 0) throw new RingStateError(file.path, "it is missing, although the data has been part of a ring");
    return { run, term: 0, votedFor: undefined, stored: nothing };
  }
  // A plan that came to nothing: the directives may give another one by now.
  return { ...kept, run, stored: kept.stored.term === 0 ? nothing : kept.stored };
}

/** A node whose ring agrees on its members must not go by its directives alone: others may serve its slots. Throws DirectiveError. */
export function refuseAgreed({ appendonly, dir }: Pick<SettingValues, "appendonly" | "dir">): void {
  if (!appendonly || !existsSync(join(dir, stateFileName))) return;
  throw new DirectiveError(
    `there is ${stateFileName} in ${dir}: this node belongs to a ring whose nodes agree on its members, and needs ` +
      "'cluster-members agreed' (or cluster-replicas)",
  );
}

/**
 * A ring that agrees knows nothing of the writes across nodes that were open while its members were fixed. Other nodes may have
 * carried out their part, and have told the client so. Throws DirectiveError.
 */
export function refuseOpenWrites({ records }: RecordBook, dataEpoch: number): void {
  const open = [...records.values()].filter(({ prepared }) => prepared !== undefined).length;
  if (open === 0 || dataEpoch > 0) return;
  throw new DirectiveError(
    `'cluster-members agreed' (or cluster-replicas): the log has ${open} open writes across nodes whose members are fixed. Start all nodes ` +
      "as before, until INFO has cluster_transactions_open:0 on all of them",
  );
}
