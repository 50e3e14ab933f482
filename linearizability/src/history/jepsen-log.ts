import { parseEdn } from "./edn.ts";
import { jsonOf } from "./edn-json.ts";
import { type JepsenEvent, pairEvents } from "./jepsen-events.ts";
import { MalformedHistory } from "./malformed-history.ts";
import type { Json, Operation } from "./operation.ts";

/** An event of a client: those of the nemesis have a keyword in the place of the number. */
const eventLine = /jepsen\.util - (\d+)\s+:(\S+)(?:\s+(.*))?$/;
const functionAndValue = /^:(\S+)(?:\s+(.*))?$/;

/**
 * Reads the log of a Jepsen test, whose lines are such as `INFO  jepsen.util - 0 :invoke :write 2`; other lines are
 * skipped. A "cas" that fails found another value: that is how the register tests which wrote such logs mean it.
 *
 * @throws MalformedHistory
 */
export function parseJepsenLog(text: string): Operation[] {
  const events: JepsenEvent[] = [];
  const lines = text.split(/\r?\n/);
  for (const [index, content] of lines.entries()) {
    const [, process, type, rest = ""] = eventLine.exec(content) ?? [];
    if (process === undefined) continue;
    const line = index + 1;
    const [, f, value = ""] = functionAndValue.exec(rest) ?? [];
    if (f === undefined)
      throw new MalformedHistory(line, `process ${process} has no function such as :read after :${type}`);
    events.push({
      line,
      process: Number(process),
      type: type as string,
      f,
      // After "info" there may be any words, and no outcome that they could tell.
      value: type === "info" ? null : valueIn(value, line),
    });
  }
  if (events.length === 0)
    throw new MalformedHistory(lines.length, 'no line has an event such as "jepsen.util - 0 :invoke :read nil"');
  return pairEvents(events, { failedCasIsAnswer: true });
}

function valueIn(text: string, line: number): Json {
  try {
    return jsonOf(parseEdn(text).items[0] ?? null);
  } catch (error) {
    throw error instanceof MalformedHistory
      ? new MalformedHistory(line, error.message.replace(/^line 1: /, ""))
      : error;
  }
}
