import type { Context, Services } from "../../dispatch/context.ts";
import { type Pace, PacedSlices } from "../../dispatch/paced-slices.ts";
import { Refusal } from "../../dispatch/outcome.ts";
import type { Address } from "../../memory/heap.ts";
import * as record from "../../memory/record.ts";
import { Arguments } from "../../protocol/arguments.ts";
import { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { Turn } from "../../network/turn.ts";
import { hashSlot } from "../hash-slot.ts";
import { removalEntry } from "./move-cursors.ts";
import { noSlots, type SlotFlags } from "./slot-flags.ts";

export interface SlotSweeperOptions {
  readonly server: Services;
  readonly turn: Turn;
  /** Whether this node may change the data of its seat. */
  readonly mayChange: () => boolean;
  /** The slots that were to be emptied are empty. */
  readonly done: () => void;
}

/** It has no hurry, and a timer leaves the processor to others. */
const pace: Pace = { sliceMs: 0.3, pauseMs: 2 };
const paces = { busy: pace, idle: pace };
/** Between two looks at the clock. What is found in them is removed by one command. */
const bucketsPerLook = 32;

/** Removes all keys of some slots, in slices. The removals are writes like any other: replicas and the log get them. */
export class SlotSweeper {
  /** How many keys were removed since the start of this node. */
  removedKeys = 0;
  readonly #options: SlotSweeperOptions;
  readonly #slices: PacedSlices;
  readonly #context: Context;
  readonly #reply = new ReplyWriter();
  #doomed: SlotFlags | undefined;
  /** The slots that were to be emptied during all of the present walk. */
  #sinceBegin = noSlots();
  #empty = noSlots();
  #database = 0;
  #cursor = 0;

  constructor(options: SlotSweeperOptions) {
    this.#options = options;
    this.#slices = new PacedSlices(options.server, paces);
    this.#context = options.server.clients.addPseudo("loader");
  }

  get isRunning(): boolean {
    return this.#doomed !== undefined;
  }

  isEmpty(slot: number): boolean {
    return this.#empty[slot] === 1;
  }

  /** Another primary may have written to any slot. */
  forget(): void {
    this.#empty = noSlots();
    this.#doomed = undefined;
  }

  /** Something was put into these slots. */
  filled(slots: SlotFlags): void {
    for (let slot = 0; slot < slots.length; slot++) if (slots[slot] === 1) this.#empty[slot] = 0;
  }

  /** From now on these slots are to be empty, and only these. Those that were found empty have stayed so. */
  empty(slots: SlotFlags): void {
    let isToDo = false;
    const wasRunning = this.isRunning;
    for (let slot = 0; slot < slots.length; slot++) {
      if (slots[slot] === 1) {
        if (this.#empty[slot] === 0) isToDo = true;
        continue;
      }
      this.#empty[slot] = 0;
      // A walk that is under way goes on: slots change often while others move.
      this.#sinceBegin[slot] = 0;
    }
    this.#doomed = isToDo ? slots : undefined;
    if (!isToDo || wasRunning) return;
    this.#begin(slots);
    this.#slices.next(this.#slice);
  }

  #begin(slots: SlotFlags): void {
    this.#sinceBegin = slots.slice();
    this.#database = 0;
    this.#cursor = 0;
  }

  stop(): void {
    this.#doomed = undefined;
    this.#slices.stop();
  }

  readonly #slice = (): void => {
    const doomed = this.#doomed;
    if (doomed === undefined) return;
    const { mayChange, turn } = this.#options;
    if (!mayChange()) return this.#slices.next(this.#slice);
    turn.run(() => {
      const isSpent = this.#slices.begin();
      while (this.#step(doomed)) if (isSpent()) return this.#slices.next(this.#slice);
      this.#end(doomed);
    });
  };

  /** All keys were visited. What has come to these slots' list meanwhile needs another walk. */
  #end(doomed: SlotFlags): void {
    for (const [slot, isDone] of this.#sinceBegin.entries()) if (isDone === 1) this.#empty[slot] = 1;
    if (doomed.some((isDoomed, slot) => isDoomed === 1 && this.#empty[slot] === 0)) {
      this.#begin(doomed);
      this.#slices.next(this.#slice);
    } else this.#doomed = undefined;
    this.#options.done();
  }

  /** Visits some buckets of the present database; false at the end. */
  #step(doomed: SlotFlags): boolean {
    const { heap, databases } = this.#options.server.keyspace;
    const database = databases[this.#database];
    if (database === undefined) return false;
    const keys: Uint8Array[] = [];
    const visit = (address: Address): void => {
      const bytes = record.bytesOf(heap, address);
      const start = record.keyStartOf(heap, address);
      const end = start + record.keyLengthOf(heap, address);
      if (doomed[hashSlot(bytes, start, end)] === 1) keys.push(bytes.slice(start, end));
    };
    for (let buckets = 0; buckets < bucketsPerLook; buckets++) {
      this.#cursor = database.keys.scan(this.#cursor, visit);
      if (this.#cursor === 0) break;
    }
    if (keys.length > 0) this.#remove(database.number, keys);
    if (this.#cursor === 0) this.#database++;
    return true;
  }

  #remove(database: number, keys: readonly Uint8Array[]): void {
    const { changes, keyspace, processor } = this.#options.server;
    const args = Arguments.from(["UNLINK", ...keys]);
    const command = processor.resolve(args);
    if (command instanceof Refusal) throw new Error(command.message);
    this.#context.select(database);
    changes.beginUnit();
    // Whether a key has expired does not matter any more.
    keyspace.expires = false;
    try {
      keyspace.unobserved(() => processor.call(this.#context, command, args, this.#reply));
    } finally {
      keyspace.expires = true;
      this.#reply.clear();
    }
    changes.append(0, removalEntry);
    changes.endUnit();
    processor.deliverEffects();
    this.removedKeys += keys.length;
  }
}
