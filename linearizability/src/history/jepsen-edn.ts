import { type Edn, type EdnMap, isMap, jsonOf, Keyword, parseEdn } from "./edn.ts";
import { type JepsenEvent, pairEvents } from "./jepsen-events.ts";
import { MalformedHistory, shown } from "./malformed-history.ts";
import type { Operation } from "./operation.ts";

/**
 * Reads a history of Jepsen or Knossos: maps such as `{:process 0, :type :invoke, :f :read, :value nil}`, one after the
 * other or in one vector or list. A failed operation had no effect; that goes for a "cas", too. Events of the nemesis are
 * skipped.
 *
 * @throws MalformedHistory
 */
export function parseJepsenEdn(text: string): Operation[] {
  const events = mapsIn(parseEdn(text)).map(eventOf);
  return pairEvents(
    events.filter((event) => event !== undefined),
    { failedCasIsAnswer: false },
  );
}

const mapsIn = (forms: readonly Edn[]): EdnMap[] =>
  forms.flatMap((form) => (isMap(form) ? [form] : Array.isArray(form) ? mapsIn(form as readonly Edn[]) : []));

function eventOf({ fields, line }: EdnMap): JepsenEvent | undefined {
  const process = fields.get("process");
  if (process instanceof Keyword) return undefined;
  if (typeof process !== "number" && typeof process !== "string") {
    throw new MalformedHistory(line, `:process is ${shown(process)}; it must be a number`);
  }
  const [type, f] = [nameIn(fields.get("type"), ":type", line), nameIn(fields.get("f"), ":f", line)];
  return { line, process, type, f, value: jsonOf(fields.get("value") ?? null) };
}

function nameIn(value: Edn | undefined, field: string, line: number): string {
  if (value instanceof Keyword) return value.name;
  throw new MalformedHistory(line, `${field} is ${shown(value)}; it must be a keyword such as :invoke or :read`);
}
