import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { configFolder, runProgram } from "./program.ts";

/** The command `sale` in a folder of its own. */
export function commands(parts: Record<string, object> = {}) {
  const { folder, configFile } = configFolder({ sale: { demo: false }, ...parts });
  const write = (document: unknown): string => {
    const file = join(folder, `document-${crypto.randomUUID()}.json`);
    writeFileSync(file, typeof document === "string" ? document : JSON.stringify(document));
    return file;
  };
  const sale = (...args: string[]) => runProgram(["sale", ...args, "--config", configFile]);
  /** The command succeeds, and answers this. */
  const done = async (...args: string[]) => {
    const ended = await sale(...args, "--json");
    if (ended.code !== 0) throw new Error(`${args.join(" ")}: ${ended.stdout}${ended.stderr}`);
    return JSON.parse(ended.stdout);
  };
  /** The exit code of the command, and what it says about it. */
  const refusal = async (...args: string[]) => {
    const ended = await sale(...args);
    return [ended.code, ended.stderr] as const;
  };
  return { configFile, write, sale, done, refusal };
}
