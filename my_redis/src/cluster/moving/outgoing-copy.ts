import type { Services } from "../../dispatch/context.ts";
import type { Address } from "../../memory/heap.ts";
import * as record from "../../memory/record.ts";
import { latin1Of, wholeRange } from "../../memory/byte-range.ts";
import { nameOf } from "../../persistence/aof/value-commands.ts";
import { hashSlot } from "../hash-slot.ts";
import { CommandBytes } from "./command-bytes.ts";
import type { Effect } from "./effect-tap.ts";
import { type FollowedChunk, FollowedWrites } from "./followed-writes.ts";
import { LargeValues } from "./large-values.ts";
import type { SlotFlags } from "./slot-flags.ts";
import { isInPieces } from "./value-pieces.ts";

/** An answer has about so many bytes. Longer are only values that cannot go in pieces. */
const chunkBytes = 32 * 1024;
/** A part is ended after this time, however few of the keys belong to the move. The target takes about as long for it. */
const sliceMs = 0.2;
/**
 * The first parts are shorter, and grow until this one: until the compiler knows the code, a key takes many times as long
 * here and at the target, where nothing ends a part early.
 */
const firstWholePart = 200;
const firstPartBytes = 1024;
/** Between two looks at the clock. */
const bucketsPerLook = 8;
/** The last parts are kept, up to so many bytes: the copies of a target may be a little behind when one of them takes over. */
const keptPartBytes = 1024 * 1024;
/** Above this, what waits for a slow target is given up, and its copy begins anew. */
export const maxWaitingBytes = 64 * 1024 * 1024;

/** Above this the source hurries: parts follow each other without a pause, and noted keys are sent before the walk goes on. */
export const hurryBytes = maxWaitingBytes / 4;

/** The memory of a noted key beside its name: 160 to 185 bytes were measured with 300,000 to a million keys. */
export const notedKeyBytes = 180;

/** A part of the copy. The last one makes it whole. */
export interface CopiedPart {
  readonly commands: Uint8Array;
  readonly isLast: boolean;
  /** Of the source, for the last part: what the target has then. */
  readonly offset: number;
}

export interface OutgoingCopyOptions {
  readonly server: Services;
  /** Tells this copy from others. */
  readonly number: number;
  readonly slots: SlotFlags;
  /** How many writes this source has now. */
  readonly offset: () => number;
  /** Noted keys are sent before the walk goes on when their notes take more than this; `hurryBytes` unless a test says otherwise. */
  readonly mostNotedBytes?: number;
}

/**
 * The copy of some slots while clients write to them. A walk through the databases takes each key as it is when the walk
 * comes to it. Keys that change meanwhile are noted, and sent again after the walk, or before it goes on where many are noted. When
 * none is left, the target has everything until then, and gets the writes that follow. So nothing is stopped, no second copy of the
 * data is kept, and however slow a target is, a key waits only once.
 */
export class OutgoingCopy {
  readonly number: number;
  readonly slots: SlotFlags;
  /** How many keys were sent, those that were sent again among them. */
  sentKeys = 0;
  sentBytes = 0;
  readonly #options: OutgoingCopyOptions;
  readonly #commands: CommandBytes;
  readonly #large: LargeValues;
  readonly #parts = new Map<number, CopiedPart>();
  #partCount = 0;
  #partBytes = 0;
  /** Of the present part. */
  #mostBytes = firstPartBytes;
  #database = 0;
  #cursor = 0;
  #isWalking = true;
  /** Keys that have to be sent again, for each database: one character per byte. */
  readonly #dirty = new Map<number, Set<string>>();
  #dirtyBytes = 0;
  #followed: FollowedWrites | undefined;
  #isVoid = false;

  constructor(options: OutgoingCopyOptions) {
    this.#options = options;
    this.number = options.number;
    this.slots = options.slots;
    this.#commands = new CommandBytes(options.server);
    this.#large = new LargeValues(options.server, this.#commands, (database, key) => this.#noteKey(database, key));
  }

  /** Whether a client waits for a value that goes in pieces. */
  get isAwaited(): boolean {
    return this.#large.isAwaited;
  }

  /** The copy is not needed any more. */
  end(): void {
    this.#large.end();
  }

  /** Too much has waited for the target: the copy has to begin anew. */
  get isVoid(): boolean {
    return this.#isVoid;
  }

  /** What waits in memory for the target. */
  get waitingBytes(): number {
    return this.#dirtyBytes + this.#commands.length + (this.#followed?.pendingBytes ?? 0);
  }

  get isWhole(): boolean {
    return this.#followed !== undefined;
  }

  /** So much waits for the target that it should not wait any longer. */
  get hasMuch(): boolean {
    return (this.#followed?.pendingBytes ?? 0) >= chunkBytes;
  }

  /** Too much waits: the copy has to begin anew, and keeps nothing. */
  #limit(): void {
    if (this.waitingBytes <= maxWaitingBytes) return;
    this.#isVoid = true;
    this.#dirty.clear();
    this.#dirtyBytes = 0;
    this.#followed = undefined;
    this.#parts.clear();
    this.end();
  }

  /** A change of data that concerns some of these slots, or none. */
  changed(effect: Effect): void {
    const inside = effect.keys.filter((index) => this.#has(effect, index));
    if (inside.length === 0 || this.isVoid) return;
    const followed = this.#followed;
    const { database, args } = effect;
    if (followed === undefined) {
      if (this.#large.follows(effect)) this.#commands.change(database, args);
      else this.#note(effect, inside);
      return this.#limit();
    }
    if (inside.length === effect.keys.length) this.#commands.change(database, args);
    else for (const index of inside) this.#commands.key(database, args.bytes(index));
    this.#passOn(followed);
  }

  #has({ args }: Effect, index: number): boolean {
    return this.slots[hashSlot(args.buffer, args.start(index), args.end(index))] === 1;
  }

  #note({ args, command, database }: Effect, inside: readonly number[]): void {
    // These two change a key of another database, too.
    const isAcross = command.name === "MOVE" || command.name === "COPY";
    const databases = isAcross ? this.#options.server.keyspace.databases.map(({ number }) => number) : [database];
    for (const index of inside) {
      const key = args.bytes(index);
      const name = latin1Of(wholeRange(key));
      for (const each of databases) {
        if (this.#large.changed(each, name, command.keepsElements === true)) this.#noteKey(each, key);
      }
    }
  }

  #noteKey(database: number, key: Uint8Array): void {
    const name = latin1Of(wholeRange(key));
    const names = this.#dirty.get(database) ?? new Set();
    if (names.has(name)) return;
    this.#dirty.set(database, names.add(name));
    this.#dirtyBytes += name.length + notedKeyBytes;
  }

  #forgetKey(database: number, name: string): void {
    const names = this.#dirty.get(database);
    if (names?.delete(name) !== true) return;
    this.#dirtyBytes -= name.length + notedKeyBytes;
    if (names.size === 0) this.#dirty.delete(database);
  }

  #passOn(followed: FollowedWrites): void {
    const bytes = this.#commands.take();
    this.sentBytes += bytes.length;
    followed.append(bytes);
    if (followed.openBytes >= chunkBytes) this.#mark();
    this.#limit();
  }

  /** Part `number` of the copy; undefined when that is not kept any more. */
  part(number: number): CopiedPart | undefined {
    const kept = this.#parts.get(number);
    if (kept !== undefined || number !== this.#partCount || this.isWhole) return kept;
    const part = this.#nextPart();
    this.#parts.set(this.#partCount++, part);
    this.#partBytes += part.commands.length;
    this.sentBytes += part.commands.length;
    for (const [oldest, { commands }] of this.#parts) {
      if (this.#partBytes <= keptPartBytes || oldest === number) break;
      this.#parts.delete(oldest);
      this.#partBytes -= commands.length;
    }
    return part;
  }

  #nextPart(): CopiedPart {
    const { offset, server } = this.#options;
    const { environment } = server;
    const endMs = environment.monotonicMs() + sliceMs;
    this.#mostBytes = Math.min(chunkBytes, firstPartBytes + (chunkBytes * this.#partCount) / firstWholePart);
    const isFull = (): boolean => this.#isFull || environment.monotonicMs() >= endMs;
    const mostNotedBytes = this.#options.mostNotedBytes ?? hurryBytes;
    while (!isFull()) {
      if (this.#large.isOpen) this.#large.step();
      else if (this.#isWalking && this.#dirtyBytes <= mostNotedBytes) this.#walk();
      else if (!this.#sendNoted()) break;
    }
    const isLast = !this.#isWalking && this.#dirty.size === 0 && !this.#large.isOpen;
    const commands = this.#commands.take();
    if (isLast) this.#followed = new FollowedWrites(offset());
    return { commands, isLast, offset: offset() };
  }

  get #isFull(): boolean {
    return this.#commands.length >= this.#mostBytes;
  }

  /** Visits some buckets of the present database. */
  #walk(): void {
    const { keyspace } = this.#options.server;
    const database = keyspace.databases[this.#database];
    if (database === undefined) {
      this.#isWalking = false;
      return;
    }
    const expired: Address[] = [];
    const visit = (address: Address): void => this.#visit(database.number, address, expired);
    for (let buckets = 0; buckets < bucketsPerLook; buckets++) {
      this.#cursor = database.keys.scan(this.#cursor, visit);
      if (this.#cursor === 0 || this.#large.isOpen || this.#isFull) break;
    }
    // The target follows this source's word, which is said now. An index must not change while it is walked.
    for (const address of expired) database.expire(address);
    if (this.#cursor === 0) this.#database++;
  }

  #visit(database: number, address: Address, expired: Address[]): void {
    const { environment, heap } = this.#options.server.keyspace;
    const bytes = record.bytesOf(heap, address);
    const start = record.keyStartOf(heap, address);
    const end = start + record.keyLengthOf(heap, address);
    if (this.slots[hashSlot(bytes, start, end)] !== 1) return;
    if (record.hasExpiry(heap, address) && record.expiryOf(heap, address) <= environment.nowMs()) {
      expired.push(address);
      return;
    }
    if (this.#dirty.size > 0) this.#forgetKey(database, latin1Of({ bytes, start, end }));
    this.#send(database, address);
  }

  #send(database: number, address: Address): void {
    const { keyspace } = this.#options.server;
    if (isInPieces(keyspace, address)) {
      const key = nameOf(keyspace.heap, address).slice();
      // Two of them may lie in one bucket. They go one after the other.
      if (this.#large.isOpen) return this.#noteKey(database, key);
      this.#large.begin(database, key, address);
    } else this.#commands.value(database, address);
    this.sentKeys++;
  }

  /** Sends one of the noted keys; false when there is none. */
  #sendNoted(): boolean {
    for (const [database, names] of this.#dirty) {
      for (const name of names) {
        this.#forgetKey(database, name);
        const key = Buffer.from(name, "latin1");
        this.#commands.key(database, key, (address) => this.#send(database, address));
        return true;
      }
    }
    return false;
  }

  /** The writes after this offset; undefined when they are not known. */
  writesAfter(offset: number): FollowedChunk | undefined {
    this.#mark();
    return this.#followed?.after(offset);
  }

  /** No request for these slots is carried out any more, and nothing is half done. */
  stopped(): void {
    this.#mark();
  }

  /** An offset means one place. While a script is half done, its effects have no place in the stream yet. */
  #mark(): void {
    const { offset, server } = this.#options;
    if (server.execution.isAtRest) this.#followed?.mark(offset());
  }

  /** All copies of the target have everything up to this offset. */
  acknowledged(offset: number): void {
    this.#followed?.dropBefore(offset);
    this.#parts.clear();
    this.#partBytes = 0;
  }
}
