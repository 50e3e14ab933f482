import { expectSame, type Step } from "./harness/index.ts";

const hex = "local function hex(s) return (s:gsub('.', function(c) return string.format('%02x', c:byte()) end)) end ";

/** Runs a script with one key and one argument. `hex` in it returns a string's bytes as text. */
export const evaluate = (script: string): Step => ["EVAL", `${hex}${script}`, "1", "key", "argument"];

export const sameEvals = (...scripts: string[]): Promise<void> => expectSame(scripts.map(evaluate));

export const returns = (...expressions: string[]): string[] => expressions.map((expression) => `return ${expression}`);

/** A script that returns all results of a call as text, or the error. The addresses of tables are left out. */
export const shown = (call: string): string =>
  `local r = {pcall(${call})} for i = 1, #r do r[i] = tostring(r[i]):gsub('0x%x+', '') end return r`;
