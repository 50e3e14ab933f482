import { DirectiveError } from "./directive.ts";
import {
  type DirectiveName,
  directiveNames,
  directiveOf,
  directives,
  type GivenDirectives,
  type SettingValues,
} from "./directives.ts";
import { suggestion } from "./nearest-name.ts";
import { splitWords } from "./split-words.ts";

export type { GivenDirectives, SettingValues } from "./directives.ts";

type Listener = () => void;

/** What a program passes to `startServer` besides directives. Here they are only needed to name one that was meant. */
const otherOptions = ["memory", "environment", "transport", "onCommand", "keepProcessAlive"];

/** A directive with its new value. */
export interface Assignment {
  readonly name: DirectiveName;
  readonly value: unknown;
}

/** The values of all directives, and the listeners for their changes. */
export class Settings {
  readonly values: SettingValues = defaultValues();
  /** Absolute path of the redis.conf that was read. CONFIG REWRITE writes it. */
  file: string | undefined;
  /** Directives that were set but have no effect here, as messages for the start. */
  readonly warnings: string[] = [];
  readonly #listeners = new Map<DirectiveName, Listener[]>();
  /** What cannot be changed any more, with the reasons. */
  readonly #fixed = new Map<DirectiveName, string>();

  /**
   * Defaults, except for the given values: of the directive's own type, or as text in the form of redis.conf. Throws
   * DirectiveError with the directive's name.
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

  /**
   * Sets a directive from the words of redis.conf. `again`: the same file has already set it. Throws DirectiveError.
   */
  assign(name: DirectiveName, words: readonly string[], again = false): void {
    const directive = directiveOf(name);
    const value = directive.parse(words, { value: this.values[name], again });
    this.#put(name, value);
    if (this.print(name) === directive.print(directive.default)) return;
    if (directive.onlyDefault !== undefined) throw new DirectiveError(onlyDefaultReason(name));
    if (directive.unused !== undefined) this.warnings.push(unusedWarning(name, directive.unused));
  }

  /**
   * Calls `listener` after every later change. A listener that throws DirectiveError refuses the change, together with
   * all changes of the same call.
   */
  onChange(name: DirectiveName, listener: Listener): void {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined) this.#listeners.set(name, [listener]);
    else listeners.push(listener);
  }

  /** Refuses all later changes of a directive, before any listener hears of them. */
  fix(name: DirectiveName, reason: string): void {
    this.#fixed.set(name, reason);
  }

  /** Changes all of these or none. Throws DirectiveError after passing the refused directive to `failed`. */
  change(assignments: readonly Assignment[], failed: (name: DirectiveName) => void): void {
    for (const { name } of assignments) {
      const reason = this.#fixed.get(name);
      if (reason === undefined) continue;
      failed(name);
      throw new DirectiveError(reason);
    }
    const before = assignments.map(({ name }) => ({ name, value: this.values[name] as unknown }));
    for (const { name, value } of assignments) this.#put(name, value);
    let current: DirectiveName | undefined;
    const told: Listener[] = [];
    try {
      for (const { name } of assignments) {
        current = name;
        for (const listener of this.#listeners.get(name) ?? []) {
          listener();
          told.push(listener);
        }
      }
    } catch (error) {
      if (current !== undefined) failed(current);
      for (const { name, value } of before) this.#put(name, value);
      // The listener that refused the change did not apply it, and later ones were not called.
      for (const listener of told) listener();
      throw error;
    }
  }

  /** The value as CONFIG GET returns it. */
  print(name: DirectiveName): string {
    return directiveOf(name).print(this.values[name]);
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

/** The words of redis.conf for a value that a program passed. */
function wordsOf(name: string, value: unknown): string[] {
  if (!Object.hasOwn(directives, name)) {
    const nearest = suggestion(name, [...directiveNames, ...otherOptions]);
    throw new DirectiveError(`'${name}' is not a directive of redis.conf${nearest}`);
  }
  const directive = directiveOf(name as DirectiveName);
  if (typeof value === "string") return directive.manyWords ? splitWords(value) : [value];
  return directive.lines(value).flat();
}
