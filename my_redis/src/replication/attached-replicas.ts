import type { Services } from "../dispatch/context.ts";
import { Refusal } from "../dispatch/outcome.ts";
import { outputExcess } from "../network/output-limits.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { AttachedReplica, type Asking, hostOf, type ReplicaOwner } from "./attached-replica.ts";
import type { FullSyncs } from "./full-syncs.ts";
import type { ReplicationHistory } from "./replication-history.ts";
import type { SharedBytes } from "./shared-bytes.ts";
import { SyncPauses } from "./sync-pauses.ts";

const secondMs = 1000;
const maxNameLength = 128;

export interface AttachedReplicasOptions {
  readonly server: Services;
  readonly history: ReplicationHistory;
  readonly fullSyncs: FullSyncs;
  /** A replica has acknowledged more, or there is one less. */
  readonly onChange: () => void;
}

/** What a replica is let go for. */
const limits = ["client-output-buffer-limit", "repl-backlog-size"] as const;

/** The replicas of this server: sends them the stream, and lets those go that are too slow or silent. */
export class AttachedReplicas implements ReplicaOwner {
  readonly #options: AttachedReplicasOptions;
  readonly #replicas = new Set<AttachedReplica>();
  readonly #pauses = new SyncPauses();
  /** When the last replica left. */
  #emptySinceMs: number;

  constructor(options: AttachedReplicasOptions) {
    this.#options = options;
    const { environment, settings } = options.server;
    this.#emptySinceMs = environment.monotonicMs();
    for (const name of limits) settings.onChange(name, () => this.#pauses.forget());
  }

  readonly monotonicMs = (): number => this.#options.server.environment.monotonicMs();

  get stream(): SharedBytes | undefined {
    return this.#options.history.stream;
  }

  get all(): ReadonlySet<AttachedReplica> {
    return this.#replicas;
  }

  get count(): number {
    return this.#replicas.size;
  }

  /** How long there has been no replica, in milliseconds. */
  get emptyForMs(): number {
    return this.count > 0 ? 0 : this.monotonicMs() - this.#emptySinceMs;
  }

  /** Replicas that have acknowledged this offset: that they have it, or that it is on their disks. */
  acknowledging(offset: number, what: "received" | "on disk"): number {
    let count = 0;
    for (const { state, ackedOffset, syncedOffset } of this.#replicas) {
      if (state === "online" && (what === "received" ? ackedOffset : syncedOffset) >= offset) count++;
    }
    return count;
  }

  /** Replicas that have acknowledged something within so many seconds. */
  inTouch(seconds: number): number {
    let count = 0;
    for (const replica of this.#replicas) if (replica.state === "online" && this.lagOf(replica) <= seconds) count++;
    return count;
  }

  /** Seconds since the last acknowledgement. */
  lagOf({ ackedAtMs }: AttachedReplica): number {
    return Math.floor((this.monotonicMs() - ackedAtMs) / secondMs);
  }

  /** Milliseconds that this client must wait for a full synchronisation, after those that have failed. */
  pauseLeftMs({ client, facts }: Asking): number {
    return this.#pauses.leftMs(pauseName(client.channel.remoteAddress, facts.port), this.monotonicMs());
  }

  /** It goes on after `offset`. */
  continue(asking: Asking, offset: number): void {
    const replica = this.#add(asking);
    const { history, server } = this.#options;
    const id = asking.facts.takesSecondId ? ` ${history.id}` : "";
    const bytes = history.offset - offset;
    server.environment.report("notice", `replica ${replica.name} goes on at offset ${offset}: ${bytes} bytes`);
    replica.continueFrom(offset, `+CONTINUE${id}\r\n`);
  }

  /** It gets all data. */
  synchronise(asking: Asking): void {
    const replica = this.#add(asking);
    this.#options.server.environment.report("notice", `replica ${replica.name} asks for a full synchronisation`);
    this.#options.fullSyncs.add(replica);
  }

  #add(asking: Asking): AttachedReplica {
    const replica = new AttachedReplica(this, asking);
    this.#replicas.add(replica);
    return replica;
  }

  /** More of the stream is there. */
  send(): void {
    for (const replica of this.#replicas) {
      replica.send();
      this.#checkLimit(replica);
    }
    this.#trim();
  }

  /** What a replica has not been sent yet is its output, although it is kept only once for all. */
  #checkLimit(replica: AttachedReplica): void {
    const { stream } = this;
    if (replica.sentOffset === undefined || stream === undefined) return;
    const unsentBytes = stream.end - replica.sentOffset;
    if (unsentBytes === 0) {
      replica.aboveSoftSinceMs = undefined;
      return;
    }
    const { environment, observers, settings } = this.#options.server;
    const given = settings.values["client-output-buffer-limit"].replica;
    // A replica that may go on where it was is not let go for what it then lacks: the backlog is kept in any case.
    const hardBytes = given.hardBytes === 0 ? 0 : Math.max(given.hardBytes, settings.values["repl-backlog-size"]);
    const limit = { ...given, hardBytes };
    const excess = outputExcess(replica, unsentBytes, limit, environment.monotonicMs());
    if (excess === undefined) return;
    observers.statistics.outputLimitDisconnections++;
    replica.isTooSlow = true;
    replica.drop(`it is too slow: ${excess} (client-output-buffer-limit replica)`);
  }

  /** Keeps the last repl-backlog-size bytes, and what a replica has not been sent yet. */
  #trim(): void {
    const { stream } = this;
    if (stream === undefined) return;
    let needed = stream.end - this.#options.server.settings.values["repl-backlog-size"];
    for (const { sentOffset } of this.#replicas) if (sentOffset !== undefined) needed = Math.min(needed, sentOffset);
    stream.dropBefore(needed);
  }

  /** Must be called every second. */
  checkAll(): void {
    const { settings } = this.#options.server;
    const timeoutMs = settings.values["repl-timeout"] * secondMs;
    for (const replica of [...this.#replicas]) {
      if (replica.state === "waits") replica.keepAwake();
      else if (this.monotonicMs() - lastSignMs(replica) > timeoutMs) {
        replica.drop(
          `nothing was heard from it for more than ${settings.values["repl-timeout"]} seconds (repl-timeout)`,
        );
      } else this.#checkLimit(replica);
    }
  }

  /** Ends all connections, so that the replicas ask anew. */
  dropAll(reason: string): void {
    for (const replica of [...this.#replicas]) replica.drop(reason);
  }

  commandName(args: Arguments): string {
    const found = this.#options.server.processor.resolve(args);
    return found instanceof Refusal ? args.latin1(0).slice(0, maxNameLength) : found.fullName;
  }

  acknowledged(): void {
    this.#options.onChange();
  }

  tookSnapshot(replica: AttachedReplica): void {
    this.#options.fullSyncs.tookSnapshot(replica);
  }

  left(replica: AttachedReplica): void {
    if (!this.#replicas.delete(replica)) return;
    this.#options.fullSyncs.left(replica);
    this.#trim();
    const nowMs = this.monotonicMs();
    if (this.count === 0) this.#emptySinceMs = nowMs;
    const pause = this.#pauseAfter(replica, nowMs);
    const reason = replica.dropReason ?? "it has closed the connection";
    this.#options.server.environment.report("warning", `replica ${replica.name} is disconnected: ${reason}${pause}`);
    this.#options.onChange();
  }

  #pauseAfter(replica: AttachedReplica, nowMs: number): string {
    const { caughtUpAtMs, syncStartedAtMs } = replica;
    const name = pauseName(replica.client.channel.remoteAddress, replica.facts.port);
    if (caughtUpAtMs !== undefined) this.#pauses.keptUp(name, nowMs - caughtUpAtMs);
    // A program that takes a snapshot and leaves serves nowhere. Nothing makes it come back by itself.
    if (syncStartedAtMs === undefined || replica.facts.port === 0) return "";
    const { dropReason, isTooSlow } = replica;
    const lastedMs = (caughtUpAtMs ?? nowMs) - syncStartedAtMs;
    // It had all data. It will need all of it again only if it was too slow for the stream, or crashes each time.
    const hasKeptUp = caughtUpAtMs !== undefined && (dropReason !== undefined || nowMs - caughtUpAtMs >= lastedMs);
    if (hasKeptUp && !isTooSlow) return "";
    const pauseMs = this.#pauses.failed(name, { isTooSlow, lastedMs, nowMs });
    return `. Its next full synchronisation begins in ${(pauseMs / secondMs).toFixed(1)} seconds at the earliest`;
  }
}

/** A replica that connects again has another port at its end, and the same one where it serves clients. */
const pauseName = (remoteAddress: string, port: number): string => `${hostOf(remoteAddress)} ${port}`;

/**
 * While it gets the snapshot it says nothing, but takes bytes; later it acknowledges every second, unless it came by SYNC.
 */
const lastSignMs = ({ state, aliveAtMs, ackedAtMs, asksWithId }: AttachedReplica): number =>
  state === "online" && asksWithId ? ackedAtMs : aliveAtMs;
