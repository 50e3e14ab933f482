import { canonical } from "./canonical.ts";
import { MalformedHistory, shown } from "./malformed-history.ts";
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

/** What is known of an operation when it is called. */
type Called = Pick<Operation, "process" | "key" | "kind" | "input" | "calledAt">;

interface Pending {
  readonly called: Called;
  readonly index: number;
  readonly line: number;
}

/**
 * Pairs calls with their ends. Times are the places of the events. An operation without an end, or with "info", has an
 * unknown outcome.
 *
 * If a read is called with a pair of a key and nil, all values are pairs of a key and a value: so jepsen.independent
 * writes them.
 *
 * @throws MalformedHistory when a process calls twice at once, or ends what it has not called
 */
export function pairEvents(events: readonly JepsenEvent[], reading: JepsenReading): Operation[] {
  const areKeyed = events.some((event) => isReadCall(event) && pairIn(event.value)?.[1] === null);
  const history: Operation[] = [];
  const open = new Map<string | number, Pending>();
  let time = 0;
  for (const event of events) {
    const { process, type, line } = event;
    const pending = open.get(process);
    if (type === "invoke") {
      if (pending !== undefined) {
        const problem = `process ${process} calls again before the end of its call in line ${pending.line}`;
        throw new MalformedHistory(line, problem);
      }
      const called = calledBy(event, time++, areKeyed);
      const unknown = { ...called, output: null, outcome: "unknown", returnedAt: Number.POSITIVE_INFINITY } as const;
      open.set(process, { called, index: history.push(unknown) - 1, line });
    } else if (type === "info") {
      open.delete(process);
    } else if (type !== "ok" && type !== "fail") {
      throw new MalformedHistory(line, `type is :${type}; it must be :invoke, :ok, :fail or :info`);
    } else {
      if (pending === undefined)
        throw new MalformedHistory(line, `process ${process} ends with :${type} what it has not called`);
      const end = areKeyed && type === "ok" ? { ...event, value: valueOfKey(event, pending.called.key) } : event;
      history[pending.index] = { ...pending.called, ...endOf(pending.called, end, reading), returnedAt: time++ };
      open.delete(process);
    }
  }
  return history;
}

const isReadCall = ({ type, f }: JepsenEvent): boolean => type === "invoke" && (f === "read" || f === "get");

const pairIn = (value: Json): readonly [Json, Json] | undefined =>
  Array.isArray(value) && value.length === 2 ? (value as unknown as readonly [Json, Json]) : undefined;

function calledBy(event: JepsenEvent, calledAt: number, areKeyed: boolean): Called {
  const { process, f, line } = event;
  const pair = pairIn(event.value);
  if (areKeyed && pair === undefined) {
    throw new MalformedHistory(line, `the value is ${shown(event.value)}; it must be [key value] as in other lines`);
  }
  if (!areKeyed && isReadCall(event) && pair !== undefined) {
    throw new MalformedHistory(line, `a read is called with ${shown(event.value)}; it must be nil, or [key nil]`);
  }
  const [key, value] = areKeyed ? (pair as readonly [Json, Json]) : [undefined, event.value];
  return {
    process,
    key: key === undefined ? "" : canonical(key),
    kind: f,
    input: isReadCall(event) ? null : value,
    calledAt,
  };
}

function valueOfKey({ value, line }: JepsenEvent, key: string): Json {
  const pair = pairIn(value);
  if (pair !== undefined && canonical(pair[0]) === key) return pair[1];
  throw new MalformedHistory(line, `the value is ${shown(value)}; it must be a pair with the key of its call, ${key}`);
}

function endOf(
  { kind, input }: Called,
  end: JepsenEvent,
  reading: JepsenReading,
): Pick<Operation, "output" | "outcome"> {
  if (kind === "cas" && (end.type === "ok" || (reading.failedCasIsAnswer && Array.isArray(end.value)))) {
    return { output: end.type === "ok", outcome: "returned" };
  }
  if (end.type === "fail") return { output: null, outcome: "failed" };
  // Most clients of Jepsen end an operation with the value of its call, which is no answer.
  const isEcho = input !== null && canonical(input) === canonical(end.value);
  return { output: kind === "write" || isEcho ? null : end.value, outcome: "returned" };
}
