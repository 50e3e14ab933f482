/** The suite's output about one unit. */
export interface UnitOutcome {
  readonly passed: readonly string[];
  /** By test, the end of what the suite says about the failure. */
  readonly failed: ReadonlyMap<string, string>;
  /** Tests and groups that the suite itself does not run against a server it has not started. */
  readonly ignored: number;
  /** Why the unit did not run to its end; undefined when it did. */
  readonly broken: string | undefined;
}

/** The suite's colours, should it take its output for a terminal. */
// oxlint-disable-next-line no-control-regex
const colours = /\u001b\[[\d;]*m/g;
const statusLine = /^\[(ok|err|ignore|skip|exception|TIMEOUT|ready|testing|\d+\/\d+ done)\]: (.*)$/s;
const maxDetailLength = 1_000;

/**
 * Reads the output of Redis's `runtest` for one unit. A status stands at a line's start; what follows up to the next
 * one belongs to it (a failure's details).
 */
export function readUnitOutput(output: string): UnitOutcome {
  const passed: string[] = [];
  const failed = new Map<string, string>();
  let ignored = 0;
  let done = false;
  let broken: string | undefined;
  for (const { status, text } of statusesIn(output)) {
    if (status === "ok") passed.push(text.replace(/ \(\d+ ms\)$/, ""));
    else if (status === "err") addFailure(failed, text);
    else if (status === "ignore") ignored++;
    else if (status === "exception" || status === "TIMEOUT") broken ??= `${status}: ${text.slice(0, maxDetailLength)}`;
    else if (status.endsWith("done")) done = true;
  }
  if (!done) broken ??= "the suite ended before the unit";
  // Tests in a loop share a name: one failure makes the name fail.
  return { passed: passed.filter((name) => !failed.has(name)), failed, ignored, broken };
}

const sentinelLine = /^\d\d:\d\d:\d\d> /gm;
const sentinelEnd = "Cleaning up...";

/** The same for `runtest-sentinel`, which gives each test a line with the time. Its result stands at the end of that. */
export function readSentinelOutput(output: string): UnitOutcome {
  const [report = "", isWhole] = output.replace(colours, "").split(sentinelEnd);
  const starts = [...report.matchAll(sentinelLine)].map(({ index, 0: { length } }) => ({
    index,
    from: index + length,
  }));
  const passed: string[] = [];
  const failed = new Map<string, string>();
  for (const [at, { from }] of starts.entries()) {
    const [, name = "", result = ""] = /^(.*?): (.*)$/s.exec(report.slice(from, starts[at + 1]?.index).trim()) ?? [];
    if (/(^|\s)OK(\nTesting unit: \S+)?$/.test(result)) passed.push(name);
    else failed.set(name, result.slice(0, maxDetailLength));
  }
  return { passed, failed, ignored: 0, broken: isWhole === undefined ? "the suite ended before the unit" : undefined };
}

/** The first line is the test with its file: "SORT by nosort in tests/unit/sort.tcl". */
function addFailure(failed: Map<string, string>, text: string): void {
  const [, name = outsideOfTests, detail = text] =
    /^(.*?) in tests\/(?:unit|integration)\/\S+\.tcl(.*)$/s.exec(text) ?? [];
  failed.set(name, detail.trim().slice(0, maxDetailLength));
}

/** The name under which failures stand that no test accounts for: in the code between tests. */
export const outsideOfTests = "(outside of any test)";

interface Status {
  readonly status: string;
  readonly text: string;
}

function statusesIn(output: string): Status[] {
  // The summary at the end names each failure once more.
  const [report = ""] = output.replace(colours, "").split(/^ +The End$/m);
  const starts = [...report.matchAll(/^\[[\w/ ]+\]: /gm)].map(({ index }) => index);
  return starts.flatMap((start, at) => {
    const [, status, text] = statusLine.exec(report.slice(start, starts[at + 1]).trimEnd()) ?? [];
    return status === undefined || text === undefined
      ? []
      : [{ status, text: text.replace(/\n(Testing|Logged) .*$/s, "") }];
  });
}
