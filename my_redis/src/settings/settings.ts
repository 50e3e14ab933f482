import { DirectiveError } from "./directive.ts";
import {
  type DirectiveName,
  directiveNames,
  directiveOf,
  directives,
  type GivenDirectives,
  type SettingValues,
} from "./directives.ts";
import { splitWords } from "./split-words.ts";

export type { GivenDirectives, SettingValues } from "./directives.ts";

type Listener = () => void;

/** One directive with the value it is to have. */
export interface Assignment {
  readonly name: DirectiveName;
  readonly value: unknown;
}

/** The values of all directives, and who wants to know when one changes. */
export class Settings {
  readonly values: SettingValues = defaultValues();
  /** The redis.conf that was read, absolute: what CONFIG REWRITE writes. */
  file: string | undefined;
  /** What was set without having an effect here, for the messages of the start. */
  readonly warnings: string[] = [];
  readonly #listeners = new Map<DirectiveName, Listener[]>();

  /**
   * Defaults, but for the given values: of the directive's own type, or as text as it would stand in redis.conf.
   * Throws DirectiveError with the directive's name.
   */
  constructor(values: GivenDirectives = {}) {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) continue;
      const words = wordsOf(name, value);
      try {
        this.assign(name as DirectiveName, words);
      } catch (error) {
        if (!(error instanceof DirectiveError)) throw error;
        throw new DirectiveError(`${name} '${words.join(" ")}': ${error.message}`);
      }
    }
  }

  /** Sets a directive from the words of redis.conf. `again`: the same file has set it before. Throws DirectiveError. */
  assign(name: DirectiveName, words: readonly string[], again = false): void {
    const directive = directiveOf(name);
    const value = directive.parse(words, { value: this.values[name], again });
    this.#put(name, value);
    if (this.print(name) === directive.print(directive.default)) return;
    if (directive.onlyDefault !== undefined) throw new DirectiveError(onlyDefaultReason(name));
    if (directive.unused !== undefined) this.warnings.push(unusedWarning(name, directive.unused));
  }

  /** Tells of every later change. A listener that throws DirectiveError refuses the change, and all that came with it. */
  onChange(name: DirectiveName, listener: Listener): void {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined) this.#listeners.set(name, [listener]);
    else listeners.push(listener);
  }

  /** Changes all of these or none. Throws DirectiveError, and tells which of them could not be had. */
  change(assignments: readonly Assignment[], failed: (name: DirectiveName) => void): void {
    const before = assignments.map(({ name }) => ({ name, value: this.values[name] as unknown }));
    for (const { name, value } of assignments) this.#put(name, value);
    let current: DirectiveName | undefined;
    try {
      for (const { name } of assignments) {
        current = name;
        this.#tell(name);
      }
    } catch (error) {
      if (current !== undefined) failed(current);
      for (const { name, value } of before) this.#put(name, value);
      for (const { name } of before) {
        // Whoever refused has not taken the change in.
        if (name === current) break;
        this.#tell(name);
      }
      throw error;
    }
  }

  /** The value as CONFIG GET answers it. */
  print(name: DirectiveName): string {
    return directiveOf(name).print(this.values[name]);
  }

  #tell(name: DirectiveName): void {
    for (const listener of this.#listeners.get(name) ?? []) listener();
  }

  #put(name: DirectiveName, value: unknown): void {
    (this.values as Record<DirectiveName, unknown>)[name] = value;
  }
}

export const unusedWarning = (name: string, reason: string): string => `'${name}' has no effect: ${reason}`;

/** Why a directive cannot leave its default. */
export function onlyDefaultReason(name: DirectiveName): string {
  const { print, default: value, onlyDefault } = directiveOf(name);
  return `only '${print(value)}' is possible: ${onlyDefault}`;
}

function defaultValues(): SettingValues {
  return Object.fromEntries(directiveNames.map((name) => [name, directiveOf(name).default])) as SettingValues;
}

/** The words that stand for a value that a program gave. */
function wordsOf(name: string, value: unknown): string[] {
  if (!Object.hasOwn(directives, name)) throw new DirectiveError(`'${name}' is not a directive of redis.conf`);
  const directive = directiveOf(name as DirectiveName);
  if (typeof value === "string") return directive.manyWords ? splitWords(value) : [value];
  return directive.lines(value).flat();
}
