import type { Services } from "../../dispatch/context.ts";
import { Refusal } from "../../dispatch/outcome.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { asksForKeys } from "./awaited-values.ts";

/** So long a snapshot takes values for such a unit at a time. Whoever asks again after about as long leaves clients half the time. */
const sliceMs = 5;
/** Until it is asked again. */
export const snapshotPauseMs = 5;

/**
 * Whether a unit of another server has to wait, because it may change elements of large values that a snapshot still needs:
 * a snapshot would take each of them all at once. The snapshot takes a slice of them in each call, wherever it is, and
 * however much waits for its file or its replicas. `database`: for the first request. SELECT may choose another one.
 */
export function mustWaitForSnapshot(server: Services, database: number, unit: readonly Arguments[]): boolean {
  const { environment, keyspace, processor } = server;
  const { snapshot } = keyspace;
  if (snapshot === undefined) return false;
  let selected = database;
  let waits = false;
  for (const args of unit) {
    if (args.count === 2 && args.is(0, "select")) selected = Number(args.latin1(1));
    const command = processor.resolve(args);
    if (command instanceof Refusal || !command.isWrite || keyspace.databases[selected] === undefined) continue;
    if (asksForKeys(snapshot, keyspace, { database: selected, command, args })) waits = true;
  }
  if (!waits) return false;
  const endMs = environment.monotonicMs() + sliceMs;
  snapshot.takeUrgent(() => environment.monotonicMs() >= endMs);
  return true;
}
