import type { Services } from "./dispatch/context.ts";
import type { ReplicaStatus, ShutdownOutcome, ShutdownPort, ShutdownRequest } from "./dispatch/ports.ts";
import type { Ending } from "./ending.ts";

const secondMs = 1000;

interface Waiting {
  readonly request: ShutdownRequest;
  /** Replicas that have acknowledged this offset have all changes: clients' writes are paused meanwhile. */
  readonly offset: number;
  /** By the monotonic clock. */
  readonly untilMs: number;
  readonly onCancelled: (() => void)[];
  /** A place on the ring is handed over first, to a replica that has everything. */
  readonly handsOver: boolean;
  /** The place was handed over, and until then other nodes may send requests here. By the monotonic clock. */
  askedUntilMs?: number;
}

/** SHUTDOWN and the signals: replicas catch up first, while writes wait. Then the server ends. */
export class Shutdown implements ShutdownPort {
  readonly #server: Services;
  readonly #ending: Pick<Ending, "request">;
  #waiting: Waiting | undefined;

  constructor(server: Services, ending: Pick<Ending, "request">) {
    this.#server = server;
    this.#ending = ending;
  }

  get leftMs(): number | undefined {
    if (this.#waiting === undefined) return undefined;
    return Math.max(0, this.#waiting.untilMs - this.#server.environment.monotonicMs());
  }

  request(request: ShutdownRequest): ShutdownOutcome {
    if (this.#waiting === undefined) {
      const timeoutMs = request.now ? 0 : this.#server.settings.values["shutdown-timeout"] * secondMs;
      const isLater = timeoutMs > 0 && (this.#handsOver(request, timeoutMs) || this.#mustWait(request, timeoutMs));
      if (!isLater) return this.#finish(request) ? "ends" : "refused";
    }
    if (request.onCancelled !== undefined) this.#waiting?.onCancelled.push(request.onCancelled);
    return "waits for replicas";
  }

  #handsOver(request: ShutdownRequest, timeoutMs: number): boolean {
    const { cluster, environment } = this.#server;
    if (cluster?.seat?.operators.leave() !== true) return false;
    this.#waiting = {
      request,
      offset: 0,
      untilMs: environment.monotonicMs() + timeoutMs,
      onCancelled: [],
      handsOver: true,
    };
    return true;
  }

  #mustWait(request: ShutdownRequest, timeoutMs: number): boolean {
    const { changes, environment, pause, replication } = this.#server;
    changes.flush();
    const offset = replication?.status.offset ?? 0;
    if (this.#lagging(offset).length === 0) return false;
    // Only now, because the question moves the offset with which the snapshot is written and the replicas go on later.
    replication?.askForAcknowledgements();
    this.#waiting = {
      request,
      offset,
      untilMs: environment.monotonicMs() + timeoutMs,
      onCancelled: [],
      handsOver: false,
    };
    pause.pause(Number.POSITIVE_INFINITY, "write", "shutdown");
    environment.report("notice", "Waiting for replicas before shutting down.");
    return true;
  }

  #lagging(offset: number): readonly ReplicaStatus[] {
    return this.#server.replication?.status.replicas.filter(({ ackedOffset }) => ackedOffset < offset) ?? [];
  }

  /** Ends the server when the wait is over. Must be called several times a second. */
  tick(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    if (this.leftMs !== 0 && this.#isUnfinished(waiting)) return;
    if (!this.#finish(waiting.request)) this.#cancel(waiting);
  }

  #isUnfinished(waiting: Waiting): boolean {
    const seat = this.#server.cluster?.seat;
    if (!waiting.handsOver || seat === undefined) return this.#lagging(waiting.offset).length > 0;
    if (seat.operators.isHanding) return true;
    // It was given up: the replicas get what they can.
    if (seat.maySync) return this.#mustWait(waiting.request, this.leftMs ?? 0);
    // Whoever does not know the new primary yet is sent there, and does not lose a request together with this node.
    const nowMs = this.#server.environment.monotonicMs();
    waiting.askedUntilMs ??= nowMs + seat.operators.spreadMs;
    return nowMs < waiting.askedUntilMs;
  }

  #finish(request: ShutdownRequest): boolean {
    const { environment } = this.#server;
    this.#reportReplicas();
    if (this.#ending.request(request.save, request.force)) return true;
    environment.report("error", "Errors trying to shut down the server. Check the logs for more information.");
    return false;
  }

  #reportReplicas(): void {
    const { environment, replication } = this.#server;
    const { offset = 0, replicas = [] } = replication?.status ?? {};
    if (replicas.length === 0) return;
    const behind = this.#lagging(this.#waiting?.offset ?? offset);
    for (const { address, port, ackedOffset, lagSeconds, state } of behind) {
      const facts = `${offset - ackedOffset} bytes behind, silent for ${lagSeconds} seconds, and ${state}`;
      environment.report("warning", `Lagging replica ${address}:${port} is ${facts}.`);
    }
    const inSync = `${replicas.length - behind.length} of ${replicas.length} replicas are in sync`;
    environment.report("notice", `${inSync} when shutting down.`);
  }

  abort(): boolean {
    if (this.#waiting === undefined) return false;
    this.#cancel(this.#waiting);
    this.#server.environment.report("notice", "Shutdown manually aborted.");
    return true;
  }

  #cancel({ onCancelled }: Waiting): void {
    this.#waiting = undefined;
    for (const tell of onCancelled) tell();
    this.#server.pause.unpause("shutdown");
  }
}
