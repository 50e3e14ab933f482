/**
 * An assembler for the part of WebAssembly's text format that our kernels need: one module whose functions are written
 * in folded instructions, "(i32.add (local.get $a) (i32.const 1))". Section numbers below are those of the
 * specification, "WebAssembly Core", part "Binary Format".
 */
import { blockInstructions, type Immediate, instructions, sectionId, valueTypes } from "./instructions.ts";
import { AssemblyError, type Expression, parseExpressions } from "./parse-expressions.ts";

export { AssemblyError };

interface Function {
  readonly name: string;
  readonly exported: string | undefined;
  readonly parameters: readonly number[];
  readonly results: readonly number[];
  /** The types of the locals after the parameters. */
  readonly locals: readonly number[];
  /** The numbers of parameters and locals by name. */
  readonly places: ReadonlyMap<string, number>;
  readonly body: readonly Expression[];
}

/** The binary of a module in text format. Throws AssemblyError. */
export function assemble(text: string): Uint8Array<ArrayBuffer> {
  const [module, ...more] = parseExpressions(text);
  if (more.length > 0 || !isList(module) || module[0] !== "module")
    throw new AssemblyError("expected one (module ...)");
  const fields = module.slice(1).map(listOf);
  const functions = fields.filter(([kind]) => kind === "func").map(readFunction);
  const imports = fields.filter(([kind]) => kind === "import");
  const importedFunctions = imports.filter(([, , , imported]) => listOf(imported)[0] === "func").map(readImport);
  const memories = imports.filter(([, , , imported]) => listOf(imported)[0] !== "func").map(memoryImport);
  const unknown = fields.find(([kind]) => kind !== "func" && kind !== "import");
  if (unknown !== undefined) throw new AssemblyError(`a field '${show(unknown)}' in the module`);
  // Imported functions have the first numbers, both as functions and as types.
  const all = [...importedFunctions, ...functions];
  const firstOwn = importedFunctions.length;
  const numbers = new Map(all.map(({ name }, number) => [name, number]));
  const exported = functions.flatMap((each, number) =>
    each.exported === undefined ? [] : [[...nameBytes(each.exported), 0, ...unsigned(firstOwn + number)]],
  );
  return new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(
      sectionId.type,
      all.map(({ parameters, results }) => [0x60, ...vector(parameters), ...vector(results)]),
    ),
    ...section(sectionId.import, [
      ...memories,
      ...importedFunctions.map(({ origin }, number) => [...origin, 0, ...unsigned(number)]),
    ]),
    ...section(
      sectionId.function,
      functions.map((_, number) => unsigned(firstOwn + number)),
    ),
    ...section(sectionId.export, exported),
    ...section(
      sectionId.code,
      functions.map((each) => sized(codeOf(each, numbers))),
    ),
  ]);
}

/** (import "module" "name" (memory pages)) */
function memoryImport([, module, name, memory]: readonly Expression[]): number[] {
  const [kind, pages] = listOf(memory);
  if (kind !== "memory") throw new AssemblyError("an import that is no memory");
  return [...nameBytes(quoted(module)), ...nameBytes(quoted(name)), 2, 0, ...unsigned(Number(pages))];
}

interface ImportedFunction {
  readonly name: string;
  /** The names of the module and of the function there. */
  readonly origin: readonly number[];
  readonly parameters: readonly number[];
  readonly results: readonly number[];
}

/** (import "module" "name" (func $name (param type ...)? (result type)?)) */
function readImport([, module, name, imported]: readonly Expression[]): ImportedFunction {
  const [, ownName, ...types] = listOf(imported);
  const typesOf = (kind: string): number[] =>
    types.map(listOf).flatMap(([found, ...words]) => (found === kind ? words.map(typeOf) : []));
  return {
    name: atom(ownName),
    origin: [...nameBytes(quoted(module)), ...nameBytes(quoted(name))],
    parameters: typesOf("param"),
    results: typesOf("result"),
  };
}

function readFunction(field: readonly Expression[]): Function {
  const places = new Map<string, number>();
  const types: Record<"param" | "local" | "result", number[]> = { param: [], local: [], result: [] };
  let exported: string | undefined;
  let at = 2;
  for (; at < field.length; at++) {
    const [kind, first, second] = listOf(field[at]);
    if (kind === "export") exported = quoted(first);
    else if (kind === "result") types.result.push(typeOf(first));
    else if (kind === "param" || kind === "local") {
      places.set(atom(first), places.size);
      types[kind].push(typeOf(second));
    } else break;
  }
  const { param: parameters, local: locals, result: results } = types;
  return { name: atom(field[1]), exported, parameters, results, locals, places, body: field.slice(at) };
}

function codeOf({ locals, places, body, name }: Function, functions: ReadonlyMap<string, number>): number[] {
  const code: number[] = [];
  /** The labels of the blocks around the present place, the innermost last. */
  const labels: string[] = [];
  const emitAll = (expressions: readonly Expression[]): void => expressions.forEach((each) => emit(listOf(each)));

  function emit([operator, ...rest]: readonly Expression[]): void {
    const word = atom(operator);
    if (word in blockInstructions) emitBlock(word, rest);
    else if (word === "if") emitIf(rest);
    else emitPlain(word, rest);
  }

  function emitBlock(word: string, [label, ...rest]: readonly Expression[]): void {
    const [types, expressions] = splitResult(rest);
    code.push(blockInstructions[word] as number, types);
    labels.push(atom(label));
    emitAll(expressions);
    labels.pop();
    code.push(0x0b);
  }

  /** (if (result type)? condition (then ...) (else ...)?) */
  function emitIf(parts: readonly Expression[]): void {
    const [types, [condition, then, otherwise]] = splitResult(parts);
    emit(listOf(condition));
    code.push(0x04, types);
    labels.push("");
    emitAll(listOf(then).slice(1));
    if (otherwise !== undefined) {
      code.push(0x05);
      emitAll(listOf(otherwise).slice(1));
    }
    labels.pop();
    code.push(0x0b);
  }

  function emitPlain(word: string, rest: readonly Expression[]): void {
    const instruction = instructions[word];
    if (instruction === undefined) throw new AssemblyError(`the unknown instruction '${word}' in ${name}`);
    const words = rest.filter((each) => !isList(each)).map(atom);
    emitAll(rest.filter(isList));
    code.push(...instruction.code, ...immediateOf(instruction.immediate, words));
  }

  function immediateOf(kind: Immediate, words: readonly string[]): number[] {
    const [first = ""] = words;
    if (kind === "none") return [];
    if (kind === "bytes") return [0, 0, 0].slice(0, Number(first));
    if (kind === "i32" || kind === "i64") return signed(BigInt.asIntN(kind === "i32" ? 32 : 64, BigInt(first)));
    if (kind === "f64") return [...new Uint8Array(new Float64Array([Number(first)]).buffer)];
    if (kind === "local") return unsigned(found(places, first));
    if (kind === "function") return unsigned(found(functions, first));
    if (kind === "label") return unsigned(labels.length - 1 - labelAt(first));
    // An address in memory: an alignment, which is only a hint, and a constant that is added.
    const offset = words.find((each) => each.startsWith("offset="))?.slice("offset=".length) ?? "0";
    return [0, ...unsigned(Number(offset))];
  }

  function labelAt(label: string): number {
    const at = labels.lastIndexOf(label);
    if (at < 0) throw new AssemblyError(`no block ${label} around a branch in ${name}`);
    return at;
  }

  emitAll(body);
  return [...vector(locals.map((type) => [1, type])), ...code, 0x0b];
}

/** The type of a block and the rest: without (result ...), a block gives nothing. */
function splitResult(parts: readonly Expression[]): readonly [number, readonly Expression[]] {
  const [first] = parts;
  return isList(first) && first[0] === "result" ? [typeOf(first[1]), parts.slice(1)] : [0x40, parts];
}

function found(numbers: ReadonlyMap<string, number>, name: string): number {
  const number = numbers.get(name);
  if (number === undefined) throw new AssemblyError(`the unknown name ${name}`);
  return number;
}

const isList = (expression: Expression | undefined): expression is readonly Expression[] => Array.isArray(expression);

function listOf(expression: Expression | undefined): readonly Expression[] {
  if (!isList(expression)) throw new AssemblyError(`'${show(expression)}' where a list must be`);
  return expression;
}

function atom(expression: Expression | undefined): string {
  if (typeof expression !== "string") throw new AssemblyError(`'${show(expression)}' where a word must be`);
  return expression;
}

const quoted = (expression: Expression | undefined): string => atom(expression).slice(1, -1);

const show = (expression: Expression | undefined): string => JSON.stringify(expression)?.slice(0, 80) ?? "nothing";

function typeOf(expression: Expression | undefined): number {
  const type = valueTypes[atom(expression)];
  if (type === undefined) throw new AssemblyError(`the unknown type ${show(expression)}`);
  return type;
}

const section = (id: number, entries: readonly number[][]): number[] =>
  entries.length === 0 ? [] : [id, ...sized(vector(entries))];

const sized = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes];

const vector = (entries: readonly (number | readonly number[])[]): number[] => [
  ...unsigned(entries.length),
  ...entries.flat(),
];

const nameBytes = (name: string): number[] => sized([...Buffer.from(name, "latin1")]);

/** A number in LEB128. */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

function signed(value: bigint): number[] {
  const low = Number(value & 127n);
  const rest = value >> 7n;
  const isLast = (rest === 0n && low < 64) || (rest === -1n && low >= 64);
  return isLast ? [low] : [low | 128, ...signed(rest)];
}
