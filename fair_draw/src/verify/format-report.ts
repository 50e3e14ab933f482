import type { Outcome, Report } from "./report.ts";

const words: Readonly<Record<Outcome, string>> = { ok: "ok", failed: "FAILED", "not provable": "not provable" };

/** A report for people, in lines. */
export function formatReport({ verdict, room, mode, rules, entries, drawn, checks, notProved }: Report): string {
  const draw = mode === "draw" ? `${drawn} of them drawn` : "without a draw";
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.map(
    ({ name, outcome, detail }) => `${words[outcome].padEnd(12)}  ${name.padEnd(width)}  ${detail}`,
  );
  const failed = checks.filter(({ outcome }) => outcome === "failed").length;
  const conclusion =
    verdict === "ok"
      ? "ok: all that can be checked fits together"
      : `FAILED: ${failed} of ${checks.length} checks; do not trust this draw`;
  return `${[
    `Room ${JSON.stringify(room)}: ${entries} entries, ${draw}`,
    `Rules ${rules}`,
    "",
    ...lines,
    "",
    "Not proved:",
    ...notProved.map((each) => `- ${each}`),
    "",
    conclusion,
  ].join("\n")}\n`;
}
