import type { LogStorage, RingFacts } from "../../dispatch/ports.ts";
import type { Services } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { SyncedOffset } from "../../replication/synced-offset.ts";
import type { Position } from "../agreement/ring-message.ts";
import type { MoveCursors } from "../moving/move-cursors.ts";
import type { OpenWrites } from "../seat-transaction/open-writes.ts";
import { DataEpoch } from "./data-epoch.ts";

export interface SeatDataOptions {
  readonly server: Services;
  readonly data: DataEpoch;
  readonly cursors: MoveCursors;
  readonly writes: OpenWrites;
  /** Whether this node is the primary of its seat. */
  readonly serves: () => boolean;
  /** Whether its seat has slots. */
  readonly hasSlots: () => boolean;
  /** The data is further: in memory, and as far as others may rely on it. Or the log can be written no longer, or again. */
  readonly moved: (position: Position, kept: Position, diskFails: boolean) => void;
  /** The disk knows the epoch for certain. */
  readonly confirmed: () => void;
}

/** How far this node's data is, in which epoch: it writes epochs into the log and the stream, and counts what is kept. */
export class SeatData {
  readonly #options: SeatDataOptions;
  readonly #synced = new SyncedOffset();
  /** The epoch that this node's disk knows for certain. */
  #keptEpoch = 0;
  #isConfirming = false;
  #last: Position = { epoch: -1, offset: -1 };
  #lastKept: Position = { epoch: 0, offset: 0 };
  #didDiskFail = false;

  constructor(options: SeatDataOptions) {
    this.#options = options;
  }

  /** The log has been loaded: the data is as far as that says. */
  start(): void {
    const { data, server } = this.#options;
    server.replication?.waitForRole(data.loadedOffset);
    data.offset = () => server.replication?.offset ?? 0;
    this.#keptEpoch = data.epoch;
    this.#lastKept = this.position;
  }

  get holdsKeys(): boolean {
    return this.#options.server.keyspace.databases.some(({ size }) => size > 0);
  }

  /** What belongs to the data beside its keys, for a snapshot. */
  get facts(): RingFacts {
    const { cursors, writes } = this.#options;
    return { moves: cursors.text, writes: writes.text };
  }

  get epoch(): number {
    return this.#options.data.epoch;
  }

  get position(): Position {
    const { data, server } = this.#options;
    return { epoch: data.epoch, offset: server.replication?.offset ?? 0 };
  }

  /** This node puts the data into their order from now on. */
  begin(epoch: number): void {
    const { hasSlots, server } = this.#options;
    const { replication, storage } = server;
    replication?.serveInRing();
    if (storage?.log.isOn === false) storage.log.replaceDataset(() => {});
    this.replaced(epoch);
    if (!hasSlots()) this.#forgetWrites();
    this.update();
    this.confirm();
  }

  /** A seat that has had no slots yet takes part in no writes across seats: these are from an earlier place of this node. */
  #forgetWrites(): void {
    const { server, writes } = this.#options;
    const { changes } = server;
    changes.beginUnit();
    for (const words of writes.replace("")) changes.append(0, words);
    changes.endUnit();
    changes.flush();
  }

  /** The data is of this epoch from here on. `facts`: it was replaced by that of a snapshot, which says this about it. */
  replaced(epoch: number, facts?: RingFacts): void {
    const { cursors, data, server, writes } = this.#options;
    const { changes, replication } = server;
    data.epoch = epoch;
    changes.beginUnit();
    changes.append(0, data.entry(epoch, replication?.offset ?? 0));
    if (facts !== undefined) {
      for (const words of cursors.replace(facts.moves)) changes.append(0, words);
      for (const words of writes.replace(facts.writes)) changes.append(0, words);
    }
    changes.endUnit();
    changes.flush();
  }

  /** A command of the primary's stream is about to run: it may be an entry about the data. */
  took(args: Arguments): void {
    const { cursors, data, server, writes } = this.#options;
    const words = cursors.take(args) ?? writes.take(args);
    if (words !== undefined) server.changes.append(0, words);
    const entry = DataEpoch.read(args);
    if (entry === undefined) return;
    data.epoch = entry.epoch;
    server.changes.append(0, data.entry(entry.epoch, entry.offset));
  }

  /** Nothing is served, and nothing sent to replicas, before the disk knows the epoch: see isReady. */
  confirm(): void {
    const { serves, server } = this.#options;
    const { epoch } = this;
    const log = server.storage?.log;
    // A log that has only just begun is of no use before its base is there.
    if (!serves() || log?.progress === undefined || this.#isConfirming || this.#keptEpoch === epoch) return;
    void this.#confirmWith(log, epoch);
  }

  async #confirmWith(log: LogStorage, epoch: number): Promise<void> {
    this.#isConfirming = true;
    try {
      await log.sync();
      if (this.epoch === epoch) this.#keptEpoch = epoch;
    } catch {
      // The log has said why. It is tried again at the next heartbeat.
      return;
    } finally {
      this.#isConfirming = false;
    }
    this.#options.confirmed();
  }

  /** Whether all changes so far are in the log. Not while it cannot be written, or has only just begun: a crash would lose them. */
  get isLogged(): boolean {
    const { changes, storage } = this.#options.server;
    changes.flush();
    return storage === undefined || storage.log.progress !== undefined;
  }

  /** What this node will not lose, as far as others rely on it: what its log has, and with appendfsync always, its disk. */
  #kept(position: Position): Position {
    const { serves, server } = this.#options;
    if (serves() && this.#keptEpoch !== position.epoch) return this.#lastKept;
    if (server.settings.values.appendfsync !== "always") {
      // A primary whose log cannot be written refuses writes, and goes on with reads, which would wait for what is kept.
      return serves() || this.isLogged ? position : this.#lastKept;
    }
    // Otherwise the log would seem to be on the disk without what is about to be written to it.
    server.changes.flush();
    const synced = this.#synced.at(position.offset, server.storage?.log.progress);
    return synced === undefined ? this.#lastKept : { epoch: position.epoch, offset: synced };
  }

  /** Says how far the data is to somebody who has not heard it yet. */
  tellAgain(): void {
    this.#last = { epoch: -1, offset: -1 };
    this.update();
  }

  /** Says how far the data is by now, if that has changed. */
  update(): void {
    const { position } = this;
    const kept = this.#kept(position);
    const diskFails = this.#options.server.changes.failure !== undefined;
    const isKnown = isSame(position, this.#last) && isSame(kept, this.#lastKept);
    if (isKnown && diskFails === this.#didDiskFail) return;
    this.#last = position;
    this.#lastKept = kept;
    this.#didDiskFail = diskFails;
    this.#options.moved(position, kept, diskFails);
  }
}

const isSame = (one: Position, other: Position): boolean => one.epoch === other.epoch && one.offset === other.offset;
