import type { Arguments } from "../protocol/arguments.ts";
import type { ArgumentReplacements } from "./argument-replacements.ts";
import { LogTargets } from "./log-targets.ts";
import type { LogTarget, LogWord, SuspendedUnit } from "./log-target.ts";

/** Says when the log bytes of a turn are safe enough for its replies to be sent. */
export interface LogDurability {
  /**
   * Calls back with true when the turn may be acknowledged, and with false when it must not be. Calls back at once when
   * there is nothing to wait for.
   */
  whenSafe(callback: (safe: boolean) => void): void;
  /** What was written before does not concern the replies from now on. */
  turnEnded(): void;
}

/** Says when replies whose log is safe may be sent, on a node of a ring with replicas. */
export interface ReplyGate {
  /**
   * Called at the end of a turn with its replies, and without them for an answer of its own. Returns what is to be called when its log is safe, or
   * will not become safe; that calls back in turn when the replies may be sent, or must not be.
   */
  pass(callback: (released: boolean) => void, replies: RepliesOfTurn | undefined): (safe: boolean) => void;
  /** A turn ends without replies. */
  endSilently(): void;
  /** The present turn shows or changes data, for a request that has come in this epoch. Undefined: it came to no primary. */
  touch(epoch: number | undefined): void;
}

export interface RepliesOfTurn {
  readonly bytes: number;
  /** Earlier replies to one of the same clients wait: these must not overtake them. */
  readonly isBehind: boolean;
}

/** The stream for replicas. */
export interface StreamTarget extends LogTarget {
  /** Where the stream ends when everything is written that was appended. */
  readonly offset: number;
}

const joined = (first: LogTarget | undefined, second: LogTarget | undefined): LogTarget | undefined =>
  first !== undefined && second !== undefined ? new LogTargets(first, second) : (first ?? second);

/**
 * Logs the changes of data. It has up to three readers: the append-only log, the stream for replicas, and whoever moves
 * slots to another node. While there is none, appending does nothing. They begin and end while the server runs.
 */
export class ChangeLog {
  /** What the changes go to: the log, the stream, or both. */
  #target: LogTarget | undefined;
  /** The same, also while nothing is to be logged. */
  #joined: LogTarget | undefined;
  #isMuted = false;
  #log: LogTarget | undefined;
  #stream: StreamTarget | undefined;
  #third: LogTarget | undefined;
  #durability: LogDurability | undefined;
  #gate: ReplyGate | undefined;
  #failure: string | undefined;

  attach(target: LogTarget, durability: LogDurability): void {
    this.#log = target;
    this.#durability = durability;
    this.#join();
  }

  detach(): void {
    this.#log = undefined;
    this.#durability = undefined;
    this.#failure = undefined;
    this.#join();
  }

  /** From now on replies also wait for this. */
  gateReplies(gate: ReplyGate): void {
    this.#gate = gate;
  }

  /** The present turn answers a request of this client with data, or may do so. */
  showData({ seatEpoch }: { readonly seatEpoch: number | undefined }): void {
    this.#gate?.touch(seatEpoch);
  }

  /** What the turn has answered in later turns will be judged there. */
  endSilentTurn(): void {
    this.#gate?.endSilently();
    this.#durability?.turnEnded();
  }

  /** From now on the changes also go to the stream for replicas; undefined ends that. */
  streamTo(stream: StreamTarget | undefined): void {
    // Not all readers: this may be in the middle of a transaction, which is one unit in the log.
    this.#stream?.flush();
    this.#stream = stream;
    this.#join();
  }

  /** From now on these get the changes after the log and the stream; undefined ends that. They keep no units. */
  alsoTo(third: LogTarget | undefined): void {
    if (third === this.#third) return;
    this.#third = third;
    this.#join();
  }

  #join(): void {
    // The first of a pair may hold no pair: an open unit is kept for the first one, and beside it for the second.
    this.#joined = joined(this.#log, joined(this.#stream, this.#third));
    if (!this.#isMuted) this.#target = this.#joined;
  }

  get hasReplicas(): boolean {
    return this.#stream !== undefined;
  }

  /** Where the stream ends, with all changes so far; 0 without a stream. */
  get streamOffset(): number {
    return this.#stream?.offset ?? 0;
  }

  /** Sends replicas a command that changes no data and is not logged, such as PUBLISH. */
  appendForReplicas(database: number, words: readonly LogWord[]): void {
    if (this.#target !== undefined) this.#stream?.append(database, words);
  }

  /**
   * Hands over the units so far, logs nothing more, and refuses writes with this error. Replies still wait until those
   * units are safe.
   */
  stop(refusal: string): void {
    this.flush();
    this.#joined = undefined;
    this.#target = undefined;
    this.#failure = refusal;
  }

  /** Whether replies wait until what they acknowledge is safe. */
  get isAwaited(): boolean {
    return this.#durability !== undefined || this.#gate !== undefined;
  }

  /** Whether a log is attached. */
  get isOn(): boolean {
    return this.#target !== undefined;
  }

  /** The error reply for writes while the log cannot be written; undefined while it can. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Refuses writes with this error from now on; undefined accepts them again. */
  setFailure(refusal: string | undefined): void {
    this.#failure = refusal;
  }

  /** Does not log what `run` changes, because it is in the log already or does not belong there. */
  without<Result>(run: () => Result): Result {
    return this.#withTarget(undefined, run);
  }

  /** What `run` changes goes to one of the two readers only. */
  onlyFor<Result>(reader: "log" | "replicas", run: () => Result): Result {
    return this.#withTarget(this.#isMuted ? undefined : reader === "log" ? this.#log : this.#stream, run);
  }

  #withTarget<Result>(target: LogTarget | undefined, run: () => Result): Result {
    const [wasMuted, before] = [this.#isMuted, this.#target];
    this.#isMuted = true;
    this.#target = target;
    try {
      return run();
    } finally {
      this.#isMuted = wasMuted;
      // A log or stream may have begun or ended meanwhile.
      this.#target = wasMuted ? before : this.#joined;
    }
  }

  get pendingBytes(): number {
    return this.#target?.pendingBytes ?? 0;
  }

  beginUnit(): void {
    this.#target?.beginUnit();
  }

  endUnit(): void {
    this.#target?.endUnit();
  }

  suspendUnit(): SuspendedUnit | undefined {
    return this.#target?.suspendUnit();
  }

  resumeUnit(unit: SuspendedUnit): void {
    this.#target?.resumeUnit(unit);
  }

  appendRequest(database: number, args: Arguments): void {
    this.#target?.appendRequest(database, args);
  }

  appendReplacing(database: number, args: Arguments, replaced: ArgumentReplacements): void {
    this.#target?.appendReplacing(database, args, replaced);
  }

  append(database: number, words: readonly LogWord[]): void {
    this.#target?.append(database, words);
  }

  flush(): void {
    this.#target?.flush();
  }

  /**
   * Calls back with true when everything flushed so far is safe, and with false when it will not become safe. `replies`:
   * those of the turn that ends, if they wait for it.
   */
  whenSafe(callback: (safe: boolean) => void, replies?: RepliesOfTurn): void {
    const gate = this.#gate;
    const pass = gate === undefined ? callback : gate.pass(callback, replies);
    if (this.#durability === undefined) return pass(true);
    this.#durability.whenSafe(pass);
    // An answer in the middle of a turn does not end it: what could not be written concerns its replies, too.
    if (replies !== undefined) this.#durability.turnEnded();
  }
}
