import { checkOfCommand, type RequestCheck } from "../dispatch/checks/request-check.ts";
import { Refusal } from "../dispatch/outcome.ts";
import type { Verdict } from "../dispatch/outcome.ts";
import type { Command, Services } from "../dispatch/context.ts";

const readOnlyReplica = new Refusal("READONLY You can't write against a read only replica.");
const linkIsDown = new Refusal("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.");
const tooFewReplicas = new Refusal("NOREPLICAS Not enough good replicas to write.");

/** On a replica: clients may not write. */
export function readOnly(): RequestCheck<"read only"> {
  const judge = ({ isWrite }: Command): Verdict => (isWrite ? readOnlyReplica : "run");
  return checkOfCommand("read only", judge);
}

/** On a replica: clients get no data while the primary cannot be reached. */
export function staleData(isConnected: () => boolean): RequestCheck<"stale data"> {
  const judge = ({ flagSet }: Command): Verdict => (isConnected() || flagSet.has("stale") ? "run" : linkIsDown);
  return checkOfCommand("stale data", judge);
}

/** On a primary: clients may write only while enough replicas are in touch. */
export function goodReplicas({ settings }: Services, count: () => number): RequestCheck<"good replicas"> {
  const judge = ({ isWrite }: Command): Verdict =>
    isWrite && count() < settings.values["min-replicas-to-write"] ? tooFewReplicas : "run";
  return checkOfCommand("good replicas", judge);
}
