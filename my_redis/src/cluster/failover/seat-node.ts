import type { RingFacts, SeatPort, SeatStatus } from "../../dispatch/ports.ts";
import { Refusal } from "../../dispatch/outcome.ts";
import type { Context, Services } from "../../dispatch/context.ts";
import type { Turn } from "../../network/turn.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { Durable } from "../agreement/durable.ts";
import type { RingEffect } from "../agreement/ring-member.ts";
import { type Seat, seatOf } from "../agreement/ring-table.ts";
import { type RingTiming, ringTiming } from "../agreement/ring-timing.ts";
import type { AnnouncedEndpoints } from "../announced-endpoints.ts";
import type { LinkEvents } from "../link/link-events.ts";
import type { OutgoingLinks } from "../link/outgoing-links.ts";
import type { Members } from "../members.ts";
import { isOfMove, type MoveCursors } from "../moving/move-cursors.ts";
import { SlotMover } from "../moving/slot-mover.ts";
import type { OpenWrites } from "../seat-transaction/open-writes.ts";
import type { PeerChannel } from "../peer-channel.ts";
import { noSlot } from "../routing/request-slot.ts";
import type { DataEpoch } from "./data-epoch.ts";
import { SeatRole } from "./seat-role.ts";
import { SeatRights } from "./seat-rights.ts";
import { EmptyDisk } from "./empty-disk.ts";
import { noticeKinds } from "./notices.ts";
import { ReplicaProgress } from "./replica-progress.ts";
import { Operators } from "./seat-operators.ts";
import { SeatGate } from "./reply-gate.ts";
import { RingOperators } from "./ring-operators.ts";
import { RingAgent } from "./ring-agent.ts";
import type { RingMembership } from "./ring-membership.ts";
import { decodeMessage, encodeMessage } from "./ring-message-codec.ts";
import type { RingStateFile } from "./ring-state-file.ts";
import { SeatData } from "./seat-data.ts";
import { firstTable, fixDirectives } from "./seat-plan.ts";
import { seatStatus } from "./seat-status.ts";
import { openStateFile, stateAtStart } from "./state-at-start.ts";
import { TableFollower } from "./table-follower.ts";
import { notNow, SeatRequests } from "./seat-requests.ts";

export interface SeatNodeOptions {
  readonly server: Services;
  readonly turn: Turn;
  readonly members: Members;
  readonly endpoints: AnnouncedEndpoints;
  readonly events: LinkEvents;
  /** The links to the other nodes. */
  readonly outgoing: Pick<OutgoingLinks, "links" | "follow" | "meet">;
  readonly ring: RingMembership;
  readonly data: DataEpoch;
  readonly cursors: MoveCursors;
  readonly writes: OpenWrites;
  /** This node has become a primary, or is none any more. */
  readonly roleTaken: () => void;
  readonly channel: PeerChannel;
  /** The owners of slots have changed, as this node has learned. */
  readonly rolesChanged: () => void;
}

/**
 * A node's place in a ring that agrees on its members. The agreement decides who serves which place; this carries it out: it makes the
 * node a primary or a replica, tells the agreement how far the data is, and lets replies go when they may.
 */
export class SeatNode implements SeatPort {
  readonly requests: SeatRequests;
  readonly operators: Operators;
  readonly ringOperators: RingOperators;
  readonly mover: SlotMover;
  readonly rights: SeatRights;
  readonly #options: SeatNodeOptions;
  readonly #self: string;
  readonly #timing: RingTiming;
  readonly #gate: SeatGate;
  readonly #data: SeatData;
  readonly #replicas: ReplicaProgress;
  readonly #role: SeatRole;
  readonly #tables: TableFollower;
  #agent!: RingAgent;
  #file!: RingStateFile;
  #timer: ReturnType<typeof setInterval> | undefined;
  #emptyDisk!: EmptyDisk;

  constructor(options: SeatNodeOptions) {
    this.#options = options;
    const { server } = options;
    const { environment, settings } = server;
    const timeoutMs = settings.values["cluster-node-timeout"];
    this.#self = options.members.name;
    this.#timing = ringTiming(timeoutMs);
    const monotonicMs = (): number => environment.monotonicMs();
    const offset = (): number => this.#data.position.offset;
    const rights = new SeatRights({ member: () => this.#agent.member, monotonicMs, offset });
    this.rights = rights;
    this.requests = new SeatRequests({ ...options, patienceMs: timeoutMs, lacksLogOnly: () => rights.lacksLogOnly });
    this.#gate = new SeatGate({
      ...{ hasLease: () => rights.hasLease, monotonicMs, patienceMs: timeoutMs },
      ...{ position: () => rights.position, mayAnswer: (position) => rights.mayAnswer(position) },
    });
    const serves = (): boolean => this.#agent.member.serving !== undefined;
    this.#data = new SeatData({
      ...{ ...options, serves, hasSlots: () => rights.hasSlots },
      moved: (position, kept, diskFails) =>
        this.#agent.take({ type: "position", position, kept, holdsKeys: this.#data.holdsKeys, diskFails }),
      confirmed: () =>
        options.turn.run(() => {
          this.#data.update();
          this.#releaseRequests();
        }),
    });
    const agent = (): RingAgent => this.#agent;
    this.#replicas = new ReplicaProgress({
      ...{ isLogged: () => this.#data.isLogged, agent, update: () => this.#data.update() },
      notify: (...notice) => this.#notify(...notice),
    });
    this.#tables = new TableFollower({
      ...options,
      // Slots do not go while a script or transaction is half done: it is carried out to its end.
      mayFollow: () => !this.mover.mustRest || server.execution.isAtRest,
      followed: (table) => {
        if (seatOf(table, this.#self) === undefined) this.#role.end();
        this.mover.onTable(table);
      },
    });
    this.#role = new SeatRole({
      ...{ ...options, data: this.#data, replicas: this.#replicas },
      place: () => this.#seat?.name ?? "",
    });
    this.mover = new SlotMover({
      ...{ ...options, kept: rights.kept },
      member: () => this.#agent.member,
      take: (event) => this.#agent.take(event),
      position: () => this.#data.position,
      isLogged: () => this.#data.isLogged,
      // Requests that waited for this node's lease, or for a move, may belong to another node by now.
      release: () => setImmediate(() => options.turn.run(() => this.requests.release())),
    });
    this.operators = new Operators({
      ...{ ...options, agent, links: options.outgoing.links, timing: this.#timing },
      updateData: () => this.#data.update(),
    });
    this.ringOperators = new RingOperators({ ...options, agent, nodeTimeoutMs: timeoutMs });
    fixDirectives(settings);
  }

  /** Takes part in the agreement from now on: once the log has been loaded. Throws RingStateError and DirectiveError. */
  start(): void {
    const { events, members, server, turn } = this.#options;
    const { values } = server.settings;
    this.#file = openStateFile(values.dir, this.#self, server.environment);
    const durable = stateAtStart(this.#file, { values, dataEpoch: this.epoch, nowMs: server.environment.nowMs() });
    this.#emptyDisk = new EmptyDisk(durable);
    this.#file.writeNow(durable);
    this.#data.start();
    this.#takePart(durable);
    server.changes.gateReplies(this.#gate);
    turn.onEnd(() => {
      this.#data.update();
      this.#tables.look();
    });
    events.onNotice(noticeKinds.agreement, (from, payload) => this.#onMessage(from, payload));
    events.onNotice(noticeKinds.progress, (from, payload) =>
      this.#replicas.take(members.names[from] as string, payload),
    );
    this.#timer = setInterval(() => turn.run(() => this.#tick()), this.#timing.heartbeatMs / 2).unref();
    this.#tables.start(durable.stored, {
      begins: () => this.#beginRing(),
      left: (table) => this.#agent.take({ type: "left", table }),
    });
  }

  /** All nodes that the directives name are there, and none of them belongs to a ring: this is a new one. */
  #beginRing(): void {
    const { stored } = this.#agent.member.durable;
    if (this.#agent.isStopped || stored.term > 0 || stored.table.voters.length > 0) return;
    const table = firstTable(this.#options.server.settings.values);
    this.#beginAnew({ ...this.#agent.member.durable, stored: { term: 0, table } });
  }

  /** To the agreement this node has crashed and been started again, with this on its disk. */
  #beginAnew(durable: Durable): void {
    this.#agent.stop();
    this.#file.write(durable, () => this.#options.turn.run(() => this.#takePart(durable)));
  }

  #takePart(durable: Durable): void {
    const { server, turn } = this.#options;
    this.#agent = new RingAgent({
      ...{ self: this.#self, timing: this.#timing, environment: server.environment, file: this.#file, durable },
      position: this.#data.position,
      carryOut: (effect) => this.#carryOut(effect),
      changed: () => {
        this.#gate.look();
        this.rights.kept.lookSoon();
        this.ringOperators.look();
      },
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
    const { durable } = this.#agent.member;
    const text = `the ring knows run ${run - 1} of this node, which has begun as run ${durable.run}: it goes on as run ${run}`;
    this.#options.server.environment.report("warning", `${text}. Is its clock behind?`);
    this.#beginAnew({ ...durable, run });
  }

  stop(): void {
    clearInterval(this.#timer);
    this.mover.stop();
    this.#agent.stop();
    this.#file.stop();
  }

  // --- what the agreement asks for ---

  #carryOut(effect: Exclude<RingEffect, { type: "persist" }>): void {
    switch (effect.type) {
      case "send":
        return this.#notify(effect.to, noticeKinds.agreement, encodeMessage(effect.message));
      case "table":
        return this.#tables.committed(effect.table);
      case "serve":
        return this.#role.serve(effect.epoch);
      case "follow":
        return this.#role.follow(effect.primary, effect.epoch);
      case "lease":
        return this.#releaseRequests();
      case "changed":
        return this.ringOperators.changed(effect.outcome);
      case "freeze":
        // When a script has run for long, there may be no other end of a turn before the next script.
        return this.#options.turn.finish();
    }
  }

  #notify(node: string, kind: number, payload: Uint8Array): void {
    const { members, outgoing } = this.#options;
    outgoing.links[members.names.indexOf(node)]?.notify(kind, payload);
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

  // --- the data ---

  get epoch(): number {
    return this.#data.epoch;
  }

  get holdsStrayKeys(): boolean {
    return this.epoch === 0 && this.#data.holdsKeys;
  }

  get maySync(): boolean {
    return this.rights.mayCopy;
  }

  took(args: Arguments): void {
    this.#data.took(args);
  }

  readonly isOfMove = isOfMove;

  replaced(epoch: number, facts: RingFacts): void {
    this.#data.replaced(epoch, facts);
  }

  get facts(): RingFacts {
    return this.#data.facts;
  }

  moved(): void {
    this.#data.update();
    this.#replicas.tellPrimary();
  }

  #tick(): void {
    this.moved();
    this.#data.confirm();
    this.operators.repeat();
    this.ringOperators.tick();
    this.#gate.look();
    this.rights.kept.lookSoon();
    this.#releaseRequests();
    this.requests.refuseOverdue();
  }

  // --- requests of clients ---

  /** The epoch in which this node serves its place as the primary; undefined while it does not. */
  get servedEpoch(): number | undefined {
    return this.#agent.member.serving?.epoch;
  }

  stillServes({ seatEpoch }: { readonly seatEpoch: number | undefined }): boolean {
    return this.mayServe && seatEpoch === this.servedEpoch && !this.mover.isHandingOver;
  }

  /** Whether requests for this node's place on the ring may run now. */
  get mayServe(): boolean {
    return !this.#gate.isFull && this.rights.mayCarryOut;
  }

  /**
   * A request for this node's own place: it runs, or waits until this node may serve it. `slot`: that of its keys, or
   * `noSlot` for what concerns all of them.
   */
  admit(context: Context, args: Arguments, slot: number): "run" | "held" | Refusal {
    return this.#mayRun(slot) ? "run" : this.requests.hold(context, args);
  }

  /** As `admit`, for what cannot wait. */
  admitNow(slot: number): "run" | Refusal {
    return this.#mayRun(slot) ? "run" : new Refusal(notNow);
  }

  #mayRun(slot: number): boolean {
    const mayRun = this.mayServe && !this.mover.isStopped(slot);
    if (mayRun) this.#gate.touch(this.servedEpoch);
    return mayRun;
  }

  /**
   * Runs something that is no client's request once this node may serve, or says why it may not. Also runs it once
   * `isMoot` says that the slots have gone: this node may never serve again.
   */
  whenServing(run: (refusal: string | undefined) => void, isMoot: () => boolean): void {
    this.requests.whenever(() => isMoot() || this.#mayRun(noSlot), run);
  }

  whenTable(run: (refusal: string | undefined) => void): void {
    this.requests.whenServing(run);
  }

  #releaseRequests(): void {
    if (this.requests.count > 0 && this.mayServe) this.requests.release();
  }

  get #seat(): Seat | undefined {
    const { committed, durable } = this.#agent.member;
    return seatOf(committed ?? durable.stored.table, this.#self);
  }

  get status(): SeatStatus {
    const { environment } = this.#options.server;
    return seatStatus({
      ...{ member: this.#agent.member, seat: this.#seat, nowMs: environment.monotonicMs(), gate: this.#gate },
      ...{ position: this.#data.position, isFollowing: this.#replicas.following !== undefined, file: this.#file },
      ...{ waitingRequests: this.requests.count, failovers: this.#tables.failovers, mover: this.mover },
    });
  }
}
