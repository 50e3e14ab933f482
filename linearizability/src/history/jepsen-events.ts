import { MalformedHistory } from "./malformed-history.ts";
import type { Json, Operation } from "./operation.ts";

/** What a client of Jepsen does: it calls ("invoke"), and is told yes ("ok"), no ("fail"), or nothing ("info"). */
export interface JepsenEvent {
  readonly line: number;
  readonly process: string | number;
  readonly type: string;
  readonly f: string;
  readonly value: Json;
}

/** How a format says that a "cas" found another value: by a "fail", which then is an answer, or not at all. */
export interface JepsenReading {
  readonly failedCasIsAnswer: boolean;
}

/**
 * Pairs calls with their ends. Times are the places of the events. An operation without an end, or with "info", has an
 * unknown outcome.
 *
 * @throws MalformedHistory when a process calls twice at once, or ends what it has not called
 */
export function pairEvents(events: Iterable<JepsenEvent>, reading: JepsenReading): Operation[] {
  const history: Operation[] = [];
  const open = new Map<string | number, { readonly call: JepsenEvent; readonly index: number }>();
  let time = 0;
  for (const event of events) {
    const { process, type, line } = event;
    const pending = open.get(process);
    if (type === "invoke") {
      if (pending !== undefined) {
        throw new MalformedHistory(
          line,
          `process ${process} calls again before the end of its call in line ${pending.call.line}`,
        );
      }
      const index = history.push(operationOf(event, undefined, time++, Number.POSITIVE_INFINITY, reading)) - 1;
      open.set(process, { call: event, index });
    } else if (type === "info") {
      open.delete(process);
    } else if (type !== "ok" && type !== "fail") {
      throw new MalformedHistory(line, `type is :${type}; it must be :invoke, :ok, :fail or :info`);
    } else {
      if (pending === undefined)
        throw new MalformedHistory(line, `process ${process} ends with :${type} what it has not called`);
      const { calledAt } = history[pending.index] as Operation;
      history[pending.index] = operationOf(pending.call, event, calledAt, time++, reading);
      open.delete(process);
    }
  }
  return history;
}

function operationOf(
  { process, f, value }: JepsenEvent,
  end: JepsenEvent | undefined,
  calledAt: number,
  returnedAt: number,
  { failedCasIsAnswer }: JepsenReading,
): Operation {
  const common = { process, key: "", kind: f, input: f === "read" ? null : value, calledAt, returnedAt };
  if (end === undefined) return { ...common, output: null, outcome: "unknown" };
  if (f === "cas" && (end.type === "ok" || (failedCasIsAnswer && Array.isArray(end.value)))) {
    return { ...common, output: end.type === "ok", outcome: "returned" };
  }
  if (end.type === "fail") return { ...common, output: null, outcome: "failed" };
  return { ...common, output: f === "write" ? null : end.value, outcome: "returned" };
}
