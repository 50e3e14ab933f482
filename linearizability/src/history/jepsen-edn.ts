import { type Edn, EdnAtom, type EdnMap, Keyword, parseEdn } from "./edn.ts";
import { isList, isMap, jsonOf } from "./edn-json.ts";
import { type JepsenEvent, pairEvents } from "./jepsen-events.ts";
import { MalformedHistory, shown } from "./malformed-history.ts";
import type { Operation } from "./operation.ts";

/**
 * Reads a history of Jepsen or Knossos: maps such as `{:process 0, :type :invoke, :f :read, :value nil}`, one after the
 * other or in one vector or list, with a tag or without. A failed operation had no effect; that goes for a "cas", too.
 * Events of the nemesis are skipped.
 *
 * @throws MalformedHistory
 */
export function parseJepsenEdn(text: string): Operation[] {
  const forms = parseEdn(text);
  const events = mapsIn(forms.items, forms.line).map(eventOf);
  return pairEvents(
    events.filter((event) => event !== undefined),
    { failedCasIsAnswer: false },
  );
}

const mapsIn = (forms: readonly Edn[], line: number): EdnMap[] =>
  forms.flatMap((form) => {
    if (isMap(form)) return [form];
    if (isList(form)) return mapsIn(form.items, form.line);
    if (typeof form === "object" && form !== null && "tag" in form) return mapsIn([form.value], form.line);
    const problem = `${shownIn(form)} is no operation; a history has maps such as {:process 0, :type :invoke, :f :read}`;
    throw new MalformedHistory(line, problem);
  });

function eventOf({ entries, line }: EdnMap): JepsenEvent | undefined {
  const fields = new Map(entries.map(([key, value]) => [key instanceof Keyword ? key.name : undefined, value]));
  const process = fields.get("process");
  if (process instanceof Keyword) return undefined;
  if (typeof process !== "number" && typeof process !== "string") {
    throw new MalformedHistory(line, `:process is ${shownIn(process)}; it must be a number`);
  }
  const [type, f] = [nameIn(fields.get("type"), ":type", line), nameIn(fields.get("f"), ":f", line)];
  return { line, process, type, f, value: jsonOf(fields.get("value") ?? null) };
}

function nameIn(value: Edn | undefined, field: string, line: number): string {
  if (value instanceof Keyword) return value.name;
  throw new MalformedHistory(line, `${field} is ${shownIn(value)}; it must be a keyword such as :invoke or :read`);
}

const shownIn = (value: Edn | undefined): string =>
  value instanceof EdnAtom ? value.text : shown(value === undefined ? value : jsonOf(value));
