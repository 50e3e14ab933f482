import type { Arguments } from "../protocol/arguments.ts";
import { type CommandFacts, noCalls } from "./command-facts.ts";

const slots = 1024;

type TableEntry<Entry> = CommandFacts & { readonly subcommands?: readonly Entry[] | undefined };

/**
 * All commands by name. A name is looked up directly from the request's bytes, in any case, without making a string.
 * The table copies its entries, so that several servers in one process have counters and measurements of their own.
 */
export class CommandTable<Entry extends TableEntry<Entry>> {
  readonly #byHash: (Entry[] | undefined)[] = new Array<Entry[] | undefined>(slots).fill(undefined);
  readonly #subcommands = new Map<Entry, Map<string, Entry>>();
  readonly #commands = new Map<string, Entry>();
  #last: Entry | undefined;

  constructor(commands: readonly Entry[]) {
    for (const entry of commands) this.#add(entry);
  }

  /** Adds a command that can be called, but that COMMAND and the like do not list. */
  addHidden(definition: Entry): void {
    const bytes = Buffer.from(definition.name, "latin1");
    (this.#byHash[nameHash(bytes, 0, bytes.length)] ??= []).push(definition);
  }

  #add(definition: Entry): void {
    const entry = ownCopy(definition);
    if (this.#commands.has(entry.name)) throw new Error(`command ${entry.name} is defined twice`);
    this.#commands.set(entry.name, entry);
    const bytes = Buffer.from(entry.name, "latin1");
    (this.#byHash[nameHash(bytes, 0, bytes.length)] ??= []).push(entry);
    if (entry.subcommands === undefined) return;
    const subcommands = new Map<string, Entry>();
    for (const each of entry.subcommands) {
      subcommands.set(each.name.toLowerCase(), ownCopy(each));
    }
    this.#subcommands.set(entry, subcommands);
  }

  /** The command that argument 0 names, not yet resolved to a subcommand. */
  find(args: Arguments): Entry | undefined {
    const buffer = args.buffer;
    const start = args.start(0);
    const end = args.end(0);
    // Pipelines repeat a command: comparing with the last one is cheaper than hashing.
    const last = this.#last;
    if (last !== undefined && nameEquals(last.name, buffer, start, end)) return last;
    const candidates = this.#byHash[nameHash(buffer, start, end)];
    if (candidates === undefined) return undefined;
    for (let index = 0; index < candidates.length; index++) {
      const candidate = candidates[index] as Entry;
      if (!nameEquals(candidate.name, buffer, start, end)) continue;
      this.#last = candidate;
      return candidate;
    }
    return undefined;
  }

  /** The subcommand that argument 1 names. */
  findSubcommand(container: Entry, args: Arguments): Entry | undefined {
    return this.#subcommands.get(container)?.get(args.latin1(1).toLowerCase());
  }

  /** By name, in any case; "config|get" finds a subcommand. */
  byName(name: string): Entry | undefined {
    const [container, subcommand, ...further] = name.split("|") as [string, ...string[]];
    if (further.length > 0) return undefined;
    const found = this.#commands.get(container.toUpperCase());
    if (found === undefined || subcommand === undefined) return found;
    return this.#subcommands.get(found)?.get(subcommand.toLowerCase());
  }

  /** Top-level commands. */
  all(): IterableIterator<Entry> {
    return this.#commands.values();
  }

  /** Subcommands of a container, none for other commands. */
  subcommandsOf(entry: Entry): Iterable<Entry> {
    return this.#subcommands.get(entry)?.values() ?? [];
  }

  /** Starts all counters from zero again. */
  resetStatistics(): void {
    for (const entry of this.#commands.values()) {
      for (const each of [entry, ...this.subcommandsOf(entry)]) Object.assign(each.statistics, noCalls());
    }
  }

  get size(): number {
    return this.#commands.size;
  }
}

const ownCopy = <Entry extends CommandFacts>(definition: Entry): Entry => ({ ...definition, statistics: noCalls() });

/** Upper and lower case get the same slot: bit 5 of every byte is ignored. */
function nameHash(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let at = start; at < end && at < start + 24; at++) hash = Math.imul(hash ^ ((bytes[at] as number) & 0xdf), 31);
  return (hash ^ (hash >>> 10)) & (slots - 1);
}

function nameEquals(name: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let at = 0; at < name.length; at++) {
    const byte = bytes[start + at] as number;
    const upper = byte >= 97 && byte <= 122 ? byte - 32 : byte;
    if (upper !== name.charCodeAt(at)) return false;
  }
  return true;
}
