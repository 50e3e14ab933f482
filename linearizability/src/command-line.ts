import { existsSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { check, type Verdict } from "./checker/check.ts";
import { drawTimeline } from "./counter-example/draw-timeline.ts";
import { formatTimeline } from "./counter-example/format-timeline.ts";
import { printable } from "./counter-example/printable.ts";
import { jsonLineOf } from "./history/json-lines.ts";
import { MalformedHistory } from "./history/malformed-history.ts";
import type { Operation } from "./history/operation.ts";
import { formatOf, type HistoryFormat, historyFormats, parseHistory } from "./history/parse-history.ts";
import { shippedModels } from "./models/shipped-models.ts";
import { Refused } from "./refused.ts";

const maxFileBytes = 512 * 1024 * 1024;

const usage = `Checks whether a history is linearizable.

  linearizability check FILE [options]

  --model MODEL     ${Object.keys(shippedModels).join(", ")}; default: register
  --format FORMAT   ${historyFormats.join(", ")}; default: by the name's end (.edn, .log), or json-lines
  --svg OUT.svg     draws the counter-example of a violation
  --json            prints the verdict as JSON
  --seconds N       gives up the search after N seconds; default: 60. A counter-example may take 10 more
  --configurations N  gives up when it would have to keep more; default: 5000000

Ends with 0: linearizable; 1: not linearizable; 2: wrong use, or a file that cannot be read; 3: no decision within the limits;
4: the verdict could not be written, or the program has a mistake.
`;

const exitCodes = { ok: 0, violation: 1, unknown: 3 } as const;
const wrongUseCode = 2;

/** What the program writes to. */
export interface Output {
  out(text: string): void;
  error(text: string): void;
}

/** The command was given wrongly, or its files cannot be used. */
class WrongUse extends Error {}

/** Runs the command line; gives the exit code. */
export function runCommandLine(args: readonly string[], output: Output): number {
  if (args.includes("--help")) {
    output.out(usage);
    return 0;
  }
  try {
    return checkFile(args, output);
  } catch (error) {
    if (!(error instanceof WrongUse)) throw error;
    output.error(`${error.message}\n`);
    return wrongUseCode;
  }
}

function checkFile(args: readonly string[], output: Output): number {
  const { file, model, format, svg, json, limits } = readArguments(args);
  const history = readHistory(file, format);
  let verdict: Verdict;
  try {
    verdict = check(history, { model: shippedModels[model]!(), ...limits });
  } catch (error) {
    throw error instanceof Refused ? new WrongUse(`${file}: ${error.message}`) : error;
  }
  const summary = summaryOf(verdict, history, model);
  output.out(json ? `${JSON.stringify({ ...inJson(verdict), operations: history.length, model })}\n` : summary);
  if (svg !== undefined && verdict.verdict === "violation") {
    writeFile(svg, drawTimeline(verdict.counterExample, titleOf(verdict.partition, model)));
  }
  return exitCodes[verdict.verdict];
}

/** Operations are written as in JSON lines, which have no Infinity. */
function inJson(verdict: Verdict): object {
  if (verdict.verdict !== "violation") return verdict;
  const { core, context, isMinimal } = verdict.counterExample;
  return { ...verdict, counterExample: { core: core.map(jsonLineOf), context: context.map(jsonLineOf), isMinimal } };
}

function readArguments(args: readonly string[]) {
  const options = {
    model: { type: "string", default: "register" },
    format: { type: "string" },
    svg: { type: "string" },
    json: { type: "boolean", default: false },
    seconds: { type: "string", default: "60" },
    configurations: { type: "string", default: "5000000" },
  } as const;
  const { values, positionals } = orWrongUse(() => parseArgs({ args: [...args], options, allowPositionals: true }));
  const [command, file, ...more] = positionals;
  if (command !== "check" || file === undefined || more.length > 0) {
    throw new WrongUse(`expected "check FILE", got ${JSON.stringify(positionals.join(" "))}; --help explains it`);
  }
  const { model, format = formatOf(file), svg, json } = values;
  if (!Object.hasOwn(shippedModels, model)) throw oneOf("--model", model, Object.keys(shippedModels));
  if (!historyFormats.includes(format as HistoryFormat)) throw oneOf("--format", format, historyFormats);
  if (svg !== undefined && isSameFile(svg, file)) throw new WrongUse(`--svg is ${svg}, which is the history itself`);
  const limits = {
    timeLimitMs: 1000 * positive("--seconds", values.seconds),
    maxConfigurations: positive("--configurations", values.configurations),
  };
  return { file, model, format: format as HistoryFormat, svg, json, limits };
}

function readHistory(file: string, format: HistoryFormat): Operation[] {
  const text = orWrongUse(() => {
    const { size } = statSync(file);
    if (size > maxFileBytes) throw new Error(`it has ${size} bytes; at most ${maxFileBytes} are read`);
    // Without `fatal`, wrong bytes would all be read as the same character.
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  }, file);
  const history = orMalformed(() => parseHistory(text, format), file);
  if (history.length === 0) throw new WrongUse(`${file}: it has no operation (${format})`);
  return history;
}

function orMalformed<Result>(parse: () => Result, file: string): Result {
  try {
    return parse();
  } catch (error) {
    throw error instanceof MalformedHistory ? new WrongUse(`${file}: ${error.message}`) : error;
  }
}

const isSameFile = (left: string, right: string): boolean =>
  existsSync(left) && existsSync(right) && realpathSync(left) === realpathSync(right);

function summaryOf(verdict: Verdict, history: readonly Operation[], model: string): string {
  const count = `${history.length} operations`;
  if (verdict.verdict === "ok") return `ok: ${count} are linearizable (${model})\n`;
  if (verdict.verdict === "unknown")
    return `unknown: ${verdict.why}; keys without a decision: ${namesOf(verdict.partitions)}\n`;
  const { partition, counterExample } = verdict;
  return `violation: ${count} are not linearizable\n\n${titleOf(partition, model)}\n\n${formatTimeline(counterExample)}`;
}

const maxNames = 10;
const maxName = 100;
const nameOf = (name: string): string => printable(JSON.stringify(name), maxName);
const namesOf = (names: readonly string[]): string =>
  `${names
    .slice(0, maxNames)
    .map(nameOf)
    .join(", ")}${names.length > maxNames ? ` and ${names.length - maxNames} more` : ""}`;

const titleOf = (partition: string, model: string): string =>
  partition === "" ? `Not linearizable as a ${model}` : `Key ${nameOf(partition)}: not linearizable as a ${model}`;

const oneOf = (option: string, value: string, values: readonly string[]): WrongUse =>
  new WrongUse(`${option} is ${JSON.stringify(value)}; it must be one of ${values.join(", ")}`);

function positive(option: string, text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new WrongUse(`${option} is ${JSON.stringify(text)}; it must be a number above 0`);
}

const writeFile = (file: string, content: string): void => orWrongUse(() => writeFileSync(file, content), file);

function orWrongUse<Result>(run: () => Result, file?: string): Result {
  try {
    return run();
  } catch (error) {
    const { message } = error as Error;
    throw new WrongUse(file === undefined ? message : `${file}: ${message}`);
  }
}
