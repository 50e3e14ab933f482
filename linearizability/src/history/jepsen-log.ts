import { jsonOf, parseEdn } from "./edn.ts";
import { type JepsenEvent, pairEvents } from "./jepsen-events.ts";
import { MalformedHistory } from "./malformed-history.ts";
import type { Operation } from "./operation.ts";

const eventLine = /jepsen\.util - (\d+)\s+:(invoke|ok|fail|info)\s+:([\w-]+)\s+(.*)$/;

/**
 * Reads the log of a Jepsen test, whose lines are such as `INFO  jepsen.util - 0 :invoke :write 2`; other lines are
 * skipped. A "cas" that fails found another value: that is how the register tests which wrote such logs mean it.
 *
 * @throws MalformedHistory
 */
export function parseJepsenLog(text: string): Operation[] {
  const events: JepsenEvent[] = [];
  const lines = text.split("\n");
  for (const [index, content] of lines.entries()) {
    const [, process, type, f, value] = eventLine.exec(content) ?? [];
    if (process === undefined) continue;
    const line = index + 1;
    events.push({
      line,
      process: Number(process),
      type: type as string,
      f: f as string,
      value: valueIn(value as string, line),
    });
  }
  if (events.length === 0)
    throw new MalformedHistory(lines.length, 'no line has an event such as "jepsen.util - 0 :invoke :read nil"');
  return pairEvents(events, { failedCasIsAnswer: true });
}

function valueIn(text: string, line: number): Operation["input"] {
  try {
    return jsonOf(parseEdn(text)[0] ?? null);
  } catch (error) {
    throw error instanceof MalformedHistory
      ? new MalformedHistory(line, error.message.replace(/^line 1: /, ""))
      : error;
  }
}
