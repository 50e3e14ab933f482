import type { Services } from "../../dispatch/context.ts";
import type { Address } from "../../memory/heap.ts";
import { latin1Of, wholeRange } from "../../memory/byte-range.ts";
import * as record from "../../memory/record.ts";
import type { RecordIndex } from "../../memory/record-index.ts";
import { AwaitedValues } from "../../persistence/snapshot/awaited-values.ts";
import type { CommandBytes } from "./command-bytes.ts";
import type { Effect } from "./effect-tap.ts";
import { valuePieces } from "./value-pieces.ts";

/** When the target asks for nothing for so long, clients that wait for the value go on, and it is copied anew later. */
const longestPauseMs = 1000;

/** The value of which some pieces were sent. */
interface OpenValue {
  readonly database: number;
  readonly key: Uint8Array;
  readonly name: string;
  readonly pieces: Generator<void, void>;
  /** Tells the value from a later one under the same key; undefined for a string. */
  readonly value: object | undefined;
  readonly length: number;
  steppedMs: number;
}

/**
 * The large values of a copy: each goes in pieces, one value after the other. A client that may change elements of the value
 * that is open waits until its last piece. Later changes of the value follow it as commands, so that it goes only once.
 */
export class LargeValues {
  readonly #server: Services;
  readonly #commands: CommandBytes;
  #open: OpenValue | undefined;
  #awaited: AwaitedValues | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Those that the target has as a whole, for each database. */
  readonly #sent = new Map<number, Set<string>>();
  readonly #givenUp: (database: number, key: Uint8Array) => void;
  /** For the clients that wait. */
  onTaken: () => void = () => {};

  /** `givenUp`: this value has to be sent anew. */
  constructor(server: Services, commands: CommandBytes, givenUp: (database: number, key: Uint8Array) => void) {
    this.#server = server;
    this.#commands = commands;
    this.#givenUp = givenUp;
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Whether a client waits for the last piece. */
  get isAwaited(): boolean {
    return this.#awaited?.isAnyAwaited === true;
  }

  begin(database: number, key: Uint8Array, address: Address): void {
    const { environment, keyspace } = this.#server;
    const { heap, objects } = keyspace;
    const isString = record.typeOf(heap, address) === record.valueType.string;
    const length = record.valueLengthOf(heap, address);
    const name = latin1Of(wholeRange(key));
    this.#sent.get(database)?.delete(name);
    const pieces = valuePieces(
      keyspace,
      key,
      () => this.#find(database, key),
      (words) => this.#commands.append(database, words),
    );
    this.#open = {
      ...{ database, key, name, pieces, length },
      ...{ value: isString ? undefined : objects.get(length), steppedMs: environment.monotonicMs() },
    };
    this.#awaited = new AwaitedValues(this.#server, this);
    this.#timer = setInterval(() => this.#checkPause(), longestPauseMs / 4);
    this.#timer.unref();
  }

  #find(database: number, key: Uint8Array): Address {
    const { hasher } = this.#server.keyspace;
    const { keys } = this.#server.keyspace.database(database);
    return keys.find(hasher.hash(key, 0, key.length), key, 0, key.length);
  }

  /** For the clients' requests: whether this one has to wait. */
  takeNext(keys: RecordIndex, address: Address): boolean {
    const open = this.#open;
    if (open === undefined || this.#server.keyspace.database(open.database).keys !== keys) return false;
    return this.#find(open.database, open.key) === address;
  }

  /** The next piece of the open value. */
  step(): void {
    const open = this.#open as OpenValue;
    if (!this.#isThere(open)) return this.#giveUp(open);
    open.steppedMs = this.#server.environment.monotonicMs();
    if (open.pieces.next().done !== true) return;
    this.#close();
    const names = this.#sent.get(open.database) ?? new Set();
    this.#sent.set(open.database, names.add(open.name));
  }

  /** Whether the key has the same value as at the beginning. */
  #isThere({ database, key, length, value }: OpenValue): boolean {
    const { heap, objects } = this.#server.keyspace;
    const address = this.#find(database, key);
    if (address === 0 || record.valueLengthOf(heap, address) !== length) return false;
    const isObject = record.encodingOf(heap, address) >= record.encoding.object;
    return (isObject ? objects.get(length) : undefined) === value;
  }

  #checkPause(): void {
    const open = this.#open as OpenValue;
    if (this.#server.environment.monotonicMs() - open.steppedMs >= longestPauseMs) this.#giveUp(open);
  }

  #giveUp({ database, key }: OpenValue): void {
    this.#close();
    this.#givenUp(database, key);
  }

  #close(): void {
    this.#open = undefined;
    clearInterval(this.#timer);
    this.#awaited?.end();
    this.#awaited = undefined;
  }

  /** Whether the target needs nothing but this change: all its keys are large values that the target has. */
  follows(effect: Effect): boolean {
    const { args, command, database, keys } = effect;
    if (this.#removesFields(effect)) return true;
    // These two change a key of another database, too.
    if (command.name === "MOVE" || command.name === "COPY") return false;
    // BY and GET name no keys, and the target need not have the keys that they stand for.
    if (command.name === "SORT") return false;
    const names = this.#sent.get(database);
    return names !== undefined && keys.every((index) => names.has(args.latin1(index)));
  }

  /**
   * Whether fields of the open hash were removed, mostly because they have expired. A field that was sent goes at the target, too,
   * and one that was not sent is not sent any more.
   */
  #removesFields({ args, command, database }: Effect): boolean {
    const open = this.#open;
    if (command.name !== "HDEL" || open === undefined || open.database !== database) return false;
    return args.latin1(1) === open.name && this.#isThere(open);
  }

  /** A key has changed in a way that the target does not get as a command. Gives whether it has to be sent anew. */
  changed(database: number, name: string, keepsElements: boolean): boolean {
    this.#sent.get(database)?.delete(name);
    const open = this.#open;
    if (open === undefined || open.database !== database || open.name !== name) return true;
    // Only the moment of its expiry may have changed, which follows the last piece.
    if (keepsElements && open.value !== undefined && this.#isThere(open)) return false;
    this.#close();
    return true;
  }

  end(): void {
    if (this.#open !== undefined) this.#close();
    this.#sent.clear();
  }
}
