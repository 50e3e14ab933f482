import { expect } from "bun:test";
import type { Finding, Level } from "../../src/doctor/finding.ts";
import { runProgram } from "../roles/program.ts";

export interface Diagnosis {
  readonly code: number | null;
  readonly findings: readonly Finding[];
}

/** Runs `seckill doctor`, and checks what holds of every run. */
export async function diagnose(configFile: string, ...more: readonly string[]): Promise<Diagnosis> {
  const { code, stdout, stderr } = await runProgram(["doctor", "--config", configFile, "--json", ...more]);
  expect(stderr).toBe("");
  const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: Finding[] };
  expect(code).toBe(ok ? 0 : 1);
  expect(ok).toBe(!findings.some(({ level }) => level === "problem"));
  for (const { level, why, remedy } of findings) {
    expect([why === undefined, remedy === undefined]).toEqual([level === "ok", level === "ok"]);
  }
  return { code, findings };
}

/** The lines of one level, as "part: what". */
export function linesOf({ findings }: Diagnosis, ...levels: readonly Level[]): string[] {
  return findings.filter(({ level }) => levels.includes(level)).map(({ part, what }) => `${part}: ${what}`);
}
