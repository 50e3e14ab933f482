import type { SeatPort, SeatStatus } from "../../dispatch/ports.ts";
import { Refusal } from "../../dispatch/outcome.ts";
import type { Context, Services } from "../../dispatch/context.ts";
import type { Turn } from "../../network/turn.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import type { Durable } from "../agreement/durable.ts";
import type { RingEffect } from "../agreement/ring-member.ts";
import type { Position } from "../agreement/ring-message.ts";
import { type RingTable, type Seat, seatOf } from "../agreement/ring-table.ts";
import { type RingTiming, ringTiming } from "../agreement/ring-timing.ts";
import { isReady, mayAnswer, mayCopy } from "../agreement/serving.ts";
import type { LinkEvents } from "../link/link-events.ts";
import type { OutgoingLink } from "../link/outgoing-link.ts";
import type { Members } from "../members.ts";
import { nodeAddress } from "../node-address.ts";
import type { DataEpoch } from "./data-epoch.ts";
import { EmptyDisk } from "./empty-disk.ts";
import { noticeKinds, readProgress, writeProgress } from "./notices.ts";
import { OperatorWord } from "./operator-word.ts";
import { SeatGate } from "./reply-gate.ts";
import { RingAgent } from "./ring-agent.ts";
import { decodeMessage, encodeMessage } from "./ring-message-codec.ts";
import type { RingStateFile } from "./ring-state-file.ts";
import { SeatData } from "./seat-data.ts";
import { nodesBySeat } from "./seat-plan.ts";
import { memberStatus } from "./seat-status.ts";
import { openStateFile, stateAtStart } from "./state-at-start.ts";
import { SeatRequests } from "./seat-requests.ts";

export interface SeatNodeOptions {
  readonly server: Services;
  readonly turn: Turn;
  readonly members: Members;
  readonly events: LinkEvents;
  /** The links to the other nodes, by number. */
  readonly links: readonly (OutgoingLink | undefined)[];
  readonly data: DataEpoch;
  /** Who serves which place has changed, as this node has learned. */
  readonly rolesChanged: () => void;
}

/**
 * A node's place in a ring with replicas. The agreement decides who serves which place; this carries it out: it makes the
 * node a primary or a replica, tells the agreement how far the data is, and lets replies go when they may.
 */
export class SeatNode implements SeatPort {
  readonly requests: SeatRequests;
  readonly #options: SeatNodeOptions;
  readonly #self: string;
  readonly #timing: RingTiming;
  readonly #gate: SeatGate;
  readonly #data: SeatData;
  readonly #word: OperatorWord;
  #agent!: RingAgent;
  #file!: RingStateFile;
  #timer: ReturnType<typeof setInterval> | undefined;
  #following: string | undefined;
  #failovers = 0;
  #emptyDisk!: EmptyDisk;

  constructor(options: SeatNodeOptions) {
    this.#options = options;
    const { members, server } = options;
    const { environment, settings } = server;
    const timeoutMs = settings.values["cluster-node-timeout"];
    this.#self = members.names[members.self] as string;
    this.#timing = ringTiming(timeoutMs);
    this.requests = new SeatRequests({ server, patienceMs: timeoutMs });
    this.#gate = new SeatGate({
      monotonicMs: () => environment.monotonicMs(),
      position: () => this.#servedPosition(),
      mayAnswer: (position) => mayAnswer(this.#agent.member, position, environment.monotonicMs()),
      patienceMs: timeoutMs,
      hasLease: () => environment.monotonicMs() < this.#agent.member.leaseUntilMs,
    });
    const serves = (): boolean => this.#agent.member.serving !== undefined;
    this.#data = new SeatData({
      ...{ server, data: options.data, serves },
      moved: (position, kept) => this.#agent.take({ type: "position", position, kept }),
      confirmed: () =>
        options.turn.run(() => {
          this.#data.update();
          this.#releaseRequests();
        }),
    });
    this.#word = new OperatorWord({
      ...{ monotonicMs: () => environment.monotonicMs(), nodeTimeoutMs: timeoutMs, isDone: serves },
      say: () => this.#sayWord(),
    });
    settings.fix("cluster-node-timeout", "with cluster-replicas it is the same on all nodes from their start on");
    settings.fix("appendonly", "cluster-replicas needs 'appendonly yes'");
    settings.fix("dir", "with cluster-replicas the log and ring.state stay in one folder");
  }

  /** Takes part in the agreement from now on: once the log has been loaded. Throws RingStateError and DirectiveError. */
  start(): void {
    const { events, members, server, turn } = this.#options;
    const { environment, settings } = server;
    this.#file = openStateFile(settings.values.dir, this.#self, environment);
    const nowMs = environment.nowMs();
    const durable = stateAtStart(this.#file, { members, values: settings.values, dataEpoch: this.epoch, nowMs });
    this.#emptyDisk = new EmptyDisk(durable);
    this.#file.writeNow(durable);
    members.appoint(nodesBySeat(members, durable.stored.table));
    this.#data.start();
    this.#takePart(durable);
    server.changes.gateReplies(this.#gate);
    turn.onEnd(() => this.#data.update());
    events.onNotice(noticeKinds.agreement, (from, payload) => this.#onMessage(from, payload));
    events.onNotice(noticeKinds.progress, (from, payload) => this.#onProgress(from, payload));
    events.onNotice(noticeKinds.word, (from) => this.#onWord(members.names[from] as string));
    this.#timer = setInterval(() => turn.run(() => this.#tick()), this.#timing.heartbeatMs / 2);
    this.#timer.unref();
  }

  #takePart(durable: Durable): void {
    const { server, turn } = this.#options;
    this.#agent = new RingAgent({
      ...{ self: this.#self, timing: this.#timing, environment: server.environment, file: this.#file, durable },
      position: this.#data.position,
      carryOut: (effect) => this.#carryOut(effect),
      changed: () => this.#gate.look(),
      inTurn: (work) => turn.run(work),
    });
    this.#agent.start();
    this.#data.tellAgain();
  }

  /**
   * The ring knows a later run of this node: its disk was replaced, and its clock is behind the one of before. So this run
   * ends here, as with a crash, and another one begins with a greater number. To the agreement it has been started again.
   */
  #beginRun(run: number): void {
    const { server, turn } = this.#options;
    const durable = { ...this.#agent.member.durable, run };
    const text = `the ring knows run ${run - 1} of this node, which has begun as run ${this.#agent.member.durable.run}: it goes on as run ${run}`;
    server.environment.report("warning", `${text}. Is its clock behind?`);
    this.#agent.stop();
    this.#file.write(durable, () => turn.run(() => this.#takePart(durable)));
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#agent.stop();
    this.#file.stop();
  }

  // --- what the agreement asks for ---

  #carryOut(effect: Exclude<RingEffect, { type: "persist" }>): void {
    const { members, links } = this.#options;
    switch (effect.type) {
      case "send":
        links[members.names.indexOf(effect.to)]?.notify(noticeKinds.agreement, encodeMessage(effect.message));
        return;
      case "table":
        return this.#onTable(effect.table);
      case "serve":
        return this.#serve(effect.epoch);
      case "follow":
        return this.#follow(effect.primary, effect.epoch);
      case "lease":
        return this.#releaseRequests();
      case "changed":
      case "freeze":
      // Nothing asks for a change of the members yet.
    }
  }

  #onTable(table: RingTable): void {
    const { members, rolesChanged } = this.#options;
    const before = members.primaries;
    members.appoint(nodesBySeat(members, table));
    if (members.primaries.every((node, seat) => node === before[seat])) return;
    this.#failovers++;
    rolesChanged();
    // Requests that waited for this node's lease may belong to another node by now.
    setImmediate(() => this.#options.turn.run(() => this.requests.release()));
  }

  #serve(epoch: number): void {
    this.#following = undefined;
    this.#options.server.watched.breakAll();
    this.#data.begin(epoch);
    const text = `this node is the primary of ${this.#seat?.name} (epoch ${epoch})`;
    this.#options.server.environment.report("notice", text);
  }

  #follow(primary: string, epoch: number): void {
    const { replication, environment, watched } = this.#options.server;
    const { host, port } = nodeAddress(primary);
    // The new primary changes what was watched here, by clients of this node and of others.
    watched.breakAll();
    this.#following = primary;
    environment.report("notice", `this node is a replica of ${primary}, for ${this.#seat?.name} (epoch ${epoch})`);
    replication?.followInRing(host, port);
  }

  // --- what other nodes say ---

  #onMessage(from: number, payload: Uint8Array): void {
    const name = this.#options.members.names[from] as string;
    const message = decodeMessage(payload);
    const { isStopped, member } = this.#agent;
    if (message === undefined) {
      this.#options.server.environment.report("warning", `a message of ${name} is not understood`);
    } else if (isStopped || this.#emptyDisk.mayHaveForgotten(message, member.durable)) {
      // Between two runs this node takes no part.
    } else if (message.type === "heartbeat" && message.knownRun > member.durable.run) {
      this.#beginRun(message.knownRun + 1);
    } else this.#agent.take({ type: "message", from: name, message });
  }

  #onProgress(from: number, payload: Uint8Array): void {
    const node = this.#options.members.names[from] as string;
    const progress = readProgress(payload);
    if (progress === undefined || !isReady(this.#agent.member) || this.#seat?.nodes.includes(node) !== true) return;
    this.#data.update();
    this.#agent.take({ type: "replicated", node, run: progress.run, position: progress.position });
  }

  #onWord(node: string): void {
    const { stored } = this.#agent.member.durable;
    const seat = seatOf(stored.table, node);
    if (seat !== undefined && seat.primary.node !== node) this.#agent.take({ type: "appoint", seat: seat.name, node });
  }

  // --- the data ---

  get epoch(): number {
    return this.#data.epoch;
  }

  get maySync(): boolean {
    return mayCopy(this.#agent.member, this.#options.server.environment.monotonicMs());
  }

  took(args: Arguments): void {
    this.#data.took(args);
  }

  replaced(epoch: number): void {
    this.#data.replaced(epoch);
  }

  moved(): void {
    this.#data.update();
    this.#tellPrimary();
  }

  #tellPrimary(): void {
    const { links, members, server } = this.#options;
    if (this.#following === undefined || this.#agent.member.serving !== undefined) return;
    server.changes.flush();
    const { durable, keptPosition } = this.#agent.member;
    const notice = writeProgress({ run: durable.run, position: keptPosition });
    links[members.names.indexOf(this.#following)]?.notify(noticeKinds.progress, notice);
  }

  #tick(): void {
    this.#data.update();
    this.#tellPrimary();
    this.#data.confirm();
    this.#word.repeat();
    this.#gate.look();
    this.#releaseRequests();
    this.requests.refuseOverdue();
  }

  // --- requests of clients ---

  /** The epoch in which this node serves its place as the primary; undefined while it does not. */
  get servedEpoch(): number | undefined {
    return this.#agent.member.serving?.epoch;
  }

  stillServes({ seatEpoch }: { readonly seatEpoch: number | undefined }): boolean {
    return this.mayServe && seatEpoch === this.servedEpoch;
  }

  /** Whether requests for this node's place on the ring may run now. */
  get mayServe(): boolean {
    const { member } = this.#agent;
    const { serving } = member;
    if (serving === undefined || !isReady(member)) return false;
    if (this.#gate.isFull) return false;
    return mayAnswer(member, { epoch: serving.epoch, offset: 0 }, this.#options.server.environment.monotonicMs());
  }

  /** A request for this node's own place: it runs, or waits until this node may serve it. */
  admit(context: Context, args: Arguments): "run" | "held" | Refusal {
    return this.#mayRun() ? "run" : this.requests.hold(context, args);
  }

  /** As `admit`, for what cannot wait. */
  admitNow(): "run" | Refusal {
    return this.#mayRun() ? "run" : new Refusal(this.requests.overdueText);
  }

  #mayRun(): boolean {
    const { mayServe } = this;
    if (mayServe) this.#gate.touch(this.servedEpoch);
    return mayServe;
  }

  /** Runs something that is no client's request once this node may serve, or says why it may not. */
  whenServing(run: (refusal: string | undefined) => void): void {
    const sinceMs = this.#options.server.environment.monotonicMs();
    const attempt = (refusal: string | undefined): void => {
      if (refusal !== undefined || this.#mayRun()) run(refusal);
      else this.requests.whenServing(attempt, sinceMs);
    };
    attempt(undefined);
  }

  #releaseRequests(): void {
    if (this.requests.count > 0 && this.mayServe) this.requests.release();
  }

  #servedPosition(): Position | undefined {
    const { serving } = this.#agent.member;
    return serving === undefined ? undefined : { epoch: serving.epoch, offset: this.#data.position.offset };
  }

  // --- operators ---

  takeOver(): void {
    const seat = this.#seat;
    if (seat === undefined) throw new CommandError("ERR this node has no place on the ring");
    if (seat.primary.node === this.#self && this.#agent.member.serving !== undefined) {
      throw new CommandError("ERR You should send CLUSTER FAILOVER to a replica");
    }
    const text = `an operator wants this node to serve ${seat.name} with the data that it has`;
    this.#options.server.environment.report("warning", text);
    this.#word.give();
  }

  #sayWord(): void {
    const { members, links } = this.#options;
    const { leader } = this.#agent.member;
    if (leader === this.#self) this.#onWord(this.#self);
    else if (leader !== undefined) links[members.names.indexOf(leader)]?.notify(noticeKinds.word, new Uint8Array(0));
  }

  get #seat(): Seat | undefined {
    const { committed, durable } = this.#agent.member;
    return seatOf(committed ?? durable.stored.table, this.#self);
  }

  get status(): SeatStatus {
    const { member } = this.#agent;
    const { waitingBytes, waitingTurns } = this.#gate;
    const { epoch: dataEpoch, offset: dataOffset } = this.#data.position;
    return {
      ...memberStatus(member, this.#seat, this.#options.server.environment.monotonicMs()),
      role: member.serving !== undefined ? "primary" : this.#following !== undefined ? "replica" : "waiting",
      stateFile: this.#file.isFailing ? "failing" : "ok",
      ...{ dataEpoch, dataOffset, waitingTurns, waitingBytes, waitingRequests: this.requests.count },
      failovers: this.#failovers,
    };
  }
}
