import { expect, test } from "bun:test";
import { check, counter, drawTimeline, formatTimeline, type Operation, register } from "../index.ts";
import type { CounterExample } from "../src/counter-example/shrink.ts";

const operation = (more: Partial<Operation>): Operation => ({
  process: 1,
  key: "",
  kind: "read",
  input: null,
  output: null,
  outcome: "returned",
  calledAt: 0,
  returnedAt: 1,
  ...more,
});
const coreOf = (core: readonly Operation[], context: readonly Operation[] = []): CounterExample => ({
  core,
  context,
  isMinimal: true,
});
const textsIn = (picture: string): string[] =>
  [...picture.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text]) => text as string);

test("an operation that is open until the end has no end in the text", () => {
  const lost = operation({ kind: "write", input: 1, outcome: "unknown", returnedAt: Number.POSITIVE_INFINITY });
  const text = formatTimeline(coreOf([operation({ output: 2, calledAt: 4, returnedAt: 5 })], [lost]));
  expect(text).toContain("|~~~~~~~>");
  expect(text).toContain("|---|");
  expect(text).toContain("write 1 -> ?");
});

test("of a large counter-example the last operations are shown, and the others counted", () => {
  const core = Array.from({ length: 200_000 }, (_, index) =>
    operation({ output: index, calledAt: 2 * index, returnedAt: 2 * index + 1 }),
  );
  const context = Array.from({ length: 15 }, (_, index) =>
    operation({ kind: "write", input: index, calledAt: 2 * index }),
  );
  const [text, picture] = [formatTimeline(coreOf(core, context)), drawTimeline(coreOf(core, context), "title")];
  for (const shown of [text, picture]) {
    expect(shown.length).toBeLessThan(60_000);
    expect(shown).toContain("These 200000 operations cannot be put in any order");
    expect(shown).toContain("199940 of them, which were called first, are not shown.");
    expect(shown).toContain("3 more of those are not shown.");
    expect(shown).toMatch(/read -(>|&gt;) 199999/);
  }
  expect(text.split("\n").filter((line) => /^~ .*write/.test(line))).toHaveLength(12);
  expect(formatTimeline(coreOf(core.slice(0, 60)))).not.toContain("not shown");
});

test("a counter-example whose shrinking was stopped says so", () => {
  const history = [
    operation({ kind: "incr", input: 1 }),
    operation({ kind: "get", output: 5, calledAt: 2, returnedAt: 3 }),
  ];
  let now = 0;
  const verdict = check(history, { model: counter, nowMs: () => (now += 10), shrinkTimeLimitMs: 1 });
  if (verdict.verdict !== "violation") throw new Error(verdict.verdict);
  expect(verdict.counterExample.isMinimal).toBe(false);
  expect(formatTimeline(verdict.counterExample)).toContain("There may be a smaller counter-example");
});

test("names and values of others cannot write to a terminal, or make a picture invalid", () => {
  const hostile = operation({
    process: "a\nb\u001b[2J\u202e\u{1F600}",
    kind: "re\u009bad",
    output: "\u{1F600}\ud800\u007f\u202e<&>",
  });
  const text = formatTimeline(coreOf([hostile]));
  expect(text).toContain(String.raw`a\u000ab\u001b[2J\u202e` + "\u{1F600}");
  expect(text).toContain(String.raw`re\u009bad -> "` + "\u{1F600}" + String.raw`\ud800\u007f\u202e<&>"`);
  const picture = drawTimeline(coreOf([hostile]), "title \u{1F600} \u0001 \ud800 \uffff");
  expect(textsIn(picture)[0]).toBe("title \u{1F600} \uFFFD \uFFFD \uFFFD");
  expect(picture).toContain("\u{1F600}\\ud800");
  const long = formatTimeline(coreOf([operation({ process: "p".repeat(100), output: "\u{1F600}".repeat(100) })]));
  expect(long).toContain(` ${"p".repeat(30)}...  |`);
  expect(long).toContain(`read -> "${"\u{1F600}".repeat(61)}...\n`);
});

test("what explains nothing is not shown beside a counter-example", () => {
  const lost = (kind: string, at: number): Operation =>
    operation({ kind, outcome: "unknown", calledAt: at, returnedAt: Number.POSITIVE_INFINITY });
  const wrong = operation({ kind: "get", output: 5, calledAt: 10, returnedAt: 11 });
  const counted = check([lost("get", 0), lost("incr", 1), lost("get", 2), wrong], { model: counter });
  expect(counted).toMatchObject({ counterExample: { core: [wrong], context: [{ kind: "incr" }] } });
  const read = operation({ output: 5, calledAt: 10, returnedAt: 11 });
  expect(check([lost("read", 0), read], { model: register })).toMatchObject({ counterExample: { context: [] } });
});
