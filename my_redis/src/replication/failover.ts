import type { Services } from "../dispatch/context.ts";
import type { FailoverRequest, FailoverState } from "../dispatch/ports.ts";
import { CommandError } from "../protocol/command-error.ts";
import type { AttachedReplica } from "./attached-replica.ts";
import { requireFiles } from "./followed-primary.ts";
import type { PrimaryAddress } from "./primary-link.ts";

export interface FailoverOptions {
  readonly server: Services;
  readonly replicas: () => Iterable<AttachedReplica>;
  /** A replica that has acknowledged this offset has all of the stream. */
  readonly provenEnd: () => number;
  readonly askForEnd: () => void;
  /** Makes this server the replica of the one that is to take over, which has the stream at least up to `known`. */
  readonly handOver: (target: PrimaryAddress, known: number) => void;
  /** Makes this server a primary again. */
  readonly takeBack: () => void;
}

interface Running extends FailoverRequest {
  readonly untilMs: number;
}

/**
 * FAILOVER: a replica becomes the primary, and this server its replica, without a lost write. First the writes of clients
 * are paused until the replica has all changes. Then this server follows it, and asks it to take over in the same
 * request in which it asks for the stream. When the replica has agreed, the paused clients are answered with READONLY.
 */
export class Failover {
  readonly #options: FailoverOptions;
  #state: FailoverState = "no-failover";
  #running: Running | undefined;

  constructor(options: FailoverOptions) {
    this.#options = options;
  }

  get state(): FailoverState {
    return this.#state;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  begin(request: FailoverRequest): void {
    const { askForEnd, server } = this.#options;
    if (this.isRunning) throw new CommandError("ERR FAILOVER already in progress.");
    if (server.execution.followsPrimary) {
      throw new CommandError("ERR FAILOVER is not valid when server is a replica.");
    }
    if ([...this.#options.replicas()].length === 0) {
      throw new CommandError("ERR FAILOVER requires connected replicas.");
    }
    const { force, target, timeoutMs } = request;
    if (force && (target === undefined || timeoutMs === undefined)) {
      throw new CommandError("ERR FAILOVER with force option requires both a timeout and target HOST and IP.");
    }
    if (target !== undefined) {
      const replica = this.#find(target);
      if (replica === undefined) throw new CommandError("ERR FAILOVER target HOST and PORT is not a replica.");
      if (replica.state !== "online") throw new CommandError("ERR FAILOVER target replica is not online.");
    }
    // Writes would be paused for nobody.
    if (this.#candidates(target).every(({ state }) => state !== "online")) {
      throw new CommandError("ERR FAILOVER requires connected replicas.");
    }
    requireFiles(server);
    const untilMs = timeoutMs === undefined ? Number.POSITIVE_INFINITY : server.environment.monotonicMs() + timeoutMs;
    this.#running = { ...request, untilMs };
    this.#state = "waiting-for-sync";
    server.pause.pause(Number.POSITIVE_INFINITY, "write", "failover");
    // Its answer comes sooner than the one that is due every second.
    if (this.#ready(this.#candidates(target)) === undefined) askForEnd();
  }

  #find({ host, port }: PrimaryAddress): AttachedReplica | undefined {
    for (const replica of this.#options.replicas()) {
      if (replica.address.toLowerCase() === host.toLowerCase() && replica.facts.port === port) return replica;
    }
    return undefined;
  }

  /** Connected replicas that may take over, once they have all changes. */
  #candidates(target: FailoverRequest["target"]): AttachedReplica[] {
    const found = target === undefined ? [...this.#options.replicas()] : [this.#find(target)];
    // A program that only reads the stream listens nowhere.
    return found.filter((replica) => replica !== undefined && replica.facts.port > 0) as AttachedReplica[];
  }

  /**
   * The replica that can take over now. It has signs of life and questions, too: otherwise this server would ask for the
   * stream from an offset that the replica does not have, and get all data.
   */
  #ready(candidates: readonly AttachedReplica[]): AttachedReplica | undefined {
    const end = this.#options.provenEnd();
    return candidates.find(({ ackedOffset, state }) => state === "online" && ackedOffset >= end);
  }

  /** Must be called several times a second, and when a replica has acknowledged more. */
  tick(): void {
    if (this.#state !== "waiting-for-sync") return;
    const { force, target, untilMs } = this.#running as Running;
    const { server } = this.#options;
    const candidates = this.#candidates(target);
    const replica = this.#ready(candidates);
    if (replica !== undefined) {
      const { address: host, facts } = replica;
      this.#handOver({ host, port: facts.port }, "it is synced");
    } else if (server.environment.monotonicMs() >= untilMs) {
      if (force && target !== undefined) this.#handOver(target, "time out exceeded");
      else this.abort("Replica never caught up before timeout");
    } else if (candidates.length === 0 && !force) {
      // None is let in during a failover, so it would pause writes for nothing. redis-server goes on waiting.
      this.abort("no replica that could take over is connected any more");
    }
  }

  #handOver(target: PrimaryAddress, why: string): void {
    const { handOver, server } = this.#options;
    this.#state = "failover-in-progress";
    server.environment.report("notice", `Failover to ${target.host}:${target.port}: ${why}, failing over.`);
    handOver(target, this.#find(target)?.ackedOffset ?? Number.POSITIVE_INFINITY);
  }

  /** The replica has answered the request to take over. */
  answered(isAccepted: boolean): void {
    if (this.#state !== "failover-in-progress") return;
    if (isAccepted) this.#end();
    else this.abort("Failover target rejected psync request");
  }

  abort(reason: string): void {
    const { server, takeBack } = this.#options;
    server.environment.report("notice", `Aborting failover while ${this.#state}: ${reason}.`);
    if (this.#state === "failover-in-progress") takeBack();
    this.#end();
  }

  #end(): void {
    this.#state = "no-failover";
    this.#running = undefined;
    this.#options.server.pause.unpause("failover");
  }
}
