import type { Paint, Shade } from "../command-line/paint.ts";
import { examine, type ExamineOptions } from "./examine.ts";
import type { Finding, Level } from "./finding.ts";

export interface DoctorOptions extends ExamineOptions {
  readonly json: boolean;
  readonly paint: Paint;
  readonly print: (text: string) => void;
}

const shades: Readonly<Record<Level, Shade>> = { ok: "good", warning: "doubtful", problem: "bad" };

/** Prints what it finds. @returns whether there is no problem; warnings alone are none */
export async function runDoctor({ json, paint, print, ...options }: DoctorOptions): Promise<boolean> {
  const findings = await examine(options);
  const isWell = !findings.some(({ level }) => level === "problem");
  print(json ? JSON.stringify({ ok: isWell, findings }) : render(findings, paint));
  return isWell;
}

function render(findings: readonly Finding[], paint: Paint): string {
  const parts = [...new Set(findings.map(({ part }) => part))];
  const sections = parts.map((part) => {
    const lines = findings.filter((finding) => finding.part === part).map((finding) => renderOne(finding, paint));
    return `${paint("title", `${part.charAt(0).toUpperCase()}${part.slice(1)}`)}\n${lines.join("\n")}`;
  });
  const count = (level: Level): number => findings.filter((finding) => finding.level === level).length;
  const sum = `${count("ok")} ok, ${count("warning")} warnings, ${count("problem")} problems`;
  return [...sections, paint(count("problem") > 0 ? "bad" : "good", sum)].join("\n\n");
}

function renderOne({ level, what, why, remedy }: Finding, paint: Paint): string {
  const lines = [`  ${paint(shades[level], level.padEnd(7))}  ${what}`];
  if (why !== undefined) lines.push(`           why: ${why}`);
  if (remedy !== undefined) lines.push(`           do:  ${remedy}`);
  return lines.join("\n");
}
