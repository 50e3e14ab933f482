import type { Arguments } from "../../protocol/arguments.ts";
import type { Outcome, Verdict } from "../outcome.ts";

/**
 * Every check that a request passes before it runs, by name, in this order; the order does not depend on which check was
 * installed first. The phases:
 *
 * - rights: may this client use the command?
 * - arrival: does the server, and the state of the connection, allow a request now?
 * - data: can this node's data take it? Its refusals do not count for a request that another node carries out.
 * - waiting: must it wait for something first?
 * - routing: where does it run? It comes last, since it may begin the work.
 */
export const checkOrder = {
  rights: ["authentication"],
  arrival: ["connection", "loading", "busy script", "overload", "monitor", "stale data"],
  data: ["log", "memory", "good replicas", "read only"],
  waiting: ["command hook", "pause", "migration", "locked keys", "snapshot"],
  routing: ["script slots", "owner of the keys"],
} as const;

export type CheckPhase = keyof typeof checkOrder;

/**
 * One check. It reads a command's facts (flags and the like), never its name. It may judge requests as they arrive from
 * a client, commands that EXEC and scripts are about to run, or both.
 */
export interface Check<Context, Entry, Name extends string = string> {
  readonly name: Name;
  readonly arriving?: (context: Context, command: Entry, args: Arguments) => Outcome;
  /** Nothing within a transaction or script can wait, hence there is no "held". */
  readonly within?: (context: Context, command: Entry, args: Arguments) => Verdict;
}

type Arriving<Context, Entry> = NonNullable<Check<Context, Entry>["arriving"]>;

/** Whether a request concerns no data of this node. */
type IsElsewhere<Context, Entry> = (context: Context, command: Entry, args: Arguments) => boolean;

const places = new Map<string, number>();
const dataChecks = new Set<string>(checkOrder.data);
for (const names of Object.values(checkOrder)) for (const name of names) places.set(name, places.size);

/**
 * The installed checks, in the order of `checkOrder`. A check that is rarely needed is installed only while it is, so
 * that it costs nothing meanwhile.
 */
export class CheckList<Context, Entry> {
  #installed: readonly Check<Context, Entry>[] = [];
  // Flat arrays, because they are walked for each request.
  #arriving: readonly Arriving<Context, Entry>[] = [];
  #isOfData: readonly boolean[] = [];
  #within: readonly NonNullable<Check<Context, Entry>["within"]>[] = [];
  #isElsewhere: IsElsewhere<Context, Entry> | undefined;

  /** Adds a check to its phase. Call the result to remove it. */
  install<Phase extends CheckPhase>(
    check: Check<Context, Entry, (typeof checkOrder)[Phase][number]>,
    _phase: Phase,
  ): () => void {
    this.#set([...this.#installed, check].toSorted((one, other) => placeOf(one) - placeOf(other)));
    return () => this.#set(this.#installed.filter((each) => each !== check));
  }

  /** On a ring of nodes: ignores refusals of the phase "data" for requests for which `isElsewhere` returns true. */
  ignoreDataRefusals(isElsewhere: IsElsewhere<Context, Entry>): void {
    this.#isElsewhere = isElsewhere;
  }

  /** Number of installed checks. */
  get count(): number {
    return this.#installed.length;
  }

  #set(checks: readonly Check<Context, Entry>[]): void {
    this.#installed = checks;
    const arriving = checks.filter((check) => check.arriving !== undefined);
    this.#arriving = arriving.flatMap((check) => check.arriving ?? []);
    this.#isOfData = arriving.map(({ name }) => dataChecks.has(name));
    this.#within = checks.flatMap(({ within }) => within ?? []);
  }

  /** Judges a request that has arrived from a client. */
  arriving(context: Context, command: Entry, args: Arguments): Outcome {
    const checks = this.#arriving;
    for (let index = 0; index < checks.length; index++) {
      const outcome = (checks[index] as Arriving<Context, Entry>)(context, command, args);
      if (outcome === "run") continue;
      if (this.#isOfData[index] === true && this.#isElsewhere?.(context, command, args) === true) continue;
      return outcome;
    }
    return "run";
  }

  /** Judges a command that EXEC or a script is about to run. */
  within(context: Context, command: Entry, args: Arguments): Verdict {
    for (const check of this.#within) {
      const verdict = check(context, command, args);
      if (verdict !== "run") return verdict;
    }
    return "run";
  }
}

const placeOf = ({ name }: { readonly name: string }): number => places.get(name) as number;
