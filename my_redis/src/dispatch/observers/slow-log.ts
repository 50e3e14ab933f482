import type { Client } from "../client.ts";
import type { CommandFacts } from "../command-facts.ts";
import { redacted } from "./redacted.ts";
import { type Arguments, latin1Text } from "../../protocol/arguments.ts";
import type { Settings } from "../../settings/settings.ts";

/** Number of arguments that are kept of one request, and of bytes of each. */
const maxArguments = 32;
const maxArgumentBytes = 128;

export interface SlowLogEntry {
  readonly id: number;
  readonly atSeconds: number;
  readonly microseconds: number;
  /** One character per byte. */
  readonly words: readonly string[];
  readonly address: string;
  readonly clientName: string;
}

/** Commands that took longer than slowlog-log-slower-than, the latest first: at most slowlog-max-len. */
export class SlowLog {
  readonly #settings: Settings;
  #entries: SlowLogEntry[] = [];
  #nextId = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
    settings.onChange("slowlog-max-len", () => this.#trim());
  }

  get length(): number {
    return this.#entries.length;
  }

  latest(count: number): readonly SlowLogEntry[] {
    return this.#entries.slice(0, count);
  }

  reset(): void {
    this.#entries = [];
  }

  /** Adds a client's command if it was slow. */
  note(client: Client, command: CommandFacts, args: Arguments, took: { microseconds: number; nowMs: number }): void {
    const threshold = this.#settings.values["slowlog-log-slower-than"];
    const { microseconds, nowMs } = took;
    if (threshold < 0 || microseconds < threshold || command.flagSet.has("skip_slowlog")) return;
    this.#entries.unshift({
      id: this.#nextId++,
      atSeconds: Math.floor(nowMs / 1000),
      microseconds: Math.round(microseconds),
      words: shownWords(command, args),
      address: client.channel.remoteAddress,
      clientName: client.name,
    });
    this.#trim();
  }

  #trim(): void {
    const most = this.#settings.values["slowlog-max-len"];
    if (this.#entries.length > most) this.#entries.length = most;
  }
}

function shownWords(command: CommandFacts, args: Arguments): string[] {
  const shown = args.count > maxArguments ? maxArguments - 1 : args.count;
  const words = Array.from({ length: shown }, (_, index) =>
    command.isSecret?.(args, index) === true ? redacted : shownWord(args, index),
  );
  if (shown < args.count) words.push(`... (${args.count - shown} more arguments)`);
  return words;
}

function shownWord(args: Arguments, index: number): string {
  const start = args.start(index);
  const length = args.length(index);
  if (length <= maxArgumentBytes) return args.latin1(index);
  const kept = latin1Text(args.buffer, start, start + maxArgumentBytes);
  return `${kept}... (${length - maxArgumentBytes} more bytes)`;
}
