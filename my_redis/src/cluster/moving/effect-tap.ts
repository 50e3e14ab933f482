import type { ArgumentReplacements } from "../../dispatch/argument-replacements.ts";
import { keyPositions } from "../../dispatch/command-keys.ts";
import type { Command, Services } from "../../dispatch/context.ts";
import type { LogTarget, LogWord, SuspendedUnit } from "../../dispatch/log-target.ts";
import { Refusal } from "../../dispatch/outcome.ts";
import { Arguments } from "../../protocol/arguments.ts";

/** A change of data, as the log and the stream get it. Valid only during the call. */
export interface Effect {
  readonly database: number;
  readonly command: Command;
  readonly args: Arguments;
  /** The arguments that are keys. Empty for a flush, before which each key that moves is removed by itself. */
  readonly keys: readonly number[];
}

const noUnit: SuspendedUnit = { bytes: new Uint8Array(0), commands: 0, first: -1, last: -1 };

/**
 * Reads the changes beside the log and the stream. Units do not matter here: nobody sees the target's slots before they
 * are handed over, and a source says that it has stopped only when no transaction or script is half done.
 */
export class EffectTap implements LogTarget {
  readonly pendingBytes = 0;
  readonly #server: Services;
  readonly #take: (effect: Effect) => void;

  constructor(server: Services, take: (effect: Effect) => void) {
    this.#server = server;
    this.#take = take;
  }

  beginUnit(): void {}
  endUnit(): void {}
  suspendUnit(): SuspendedUnit {
    return noUnit;
  }
  resumeUnit(): void {}
  flush(): void {}

  appendRequest(database: number, args: Arguments): void {
    const command = this.#server.processor.resolve(args);
    if (command instanceof Refusal || !command.isWrite) return;
    this.#take({ database, command, args, keys: keyPositions(command, args) });
  }

  appendReplacing(database: number, args: Arguments, replaced: ArgumentReplacements): void {
    const words = Array.from({ length: args.count }, (_, index) => args.view(index));
    for (let number = 0; number < replaced.count; number++) {
      words[replaced.index(number)] = replaced.bytes.subarray(replaced.start(number), replaced.end(number));
    }
    this.appendRequest(database, Arguments.from(words));
  }

  append(database: number, words: readonly LogWord[]): void {
    const bytes = words.map((word) => (typeof word === "object" ? word : Buffer.from(String(word), "latin1")));
    this.appendRequest(database, Arguments.from(bytes));
  }
}
