import type { Services } from "../../dispatch/context.ts";
import type { SeatOperators } from "../../dispatch/ports.ts";
import { CommandError } from "../../protocol/command-error.ts";
import { isHanding, mayFollow } from "../agreement/handing.ts";
import { type Seat, seatOf } from "../agreement/ring-table.ts";
import { handOverMs, type RingTiming } from "../agreement/ring-timing.ts";
import type { LinkEvents } from "../link/link-events.ts";
import type { OutgoingLink } from "../link/outgoing-link.ts";
import type { Members } from "../members.ts";
import { noticeKinds } from "./notices.ts";
import { OperatorWord } from "./operator-word.ts";
import type { RingAgent } from "./ring-agent.ts";

export interface OperatorsOptions {
  readonly server: Pick<Services, "environment" | "execution">;
  readonly members: Members;
  readonly events: LinkEvents;
  readonly links: readonly (OutgoingLink | undefined)[];
  readonly timing: RingTiming;
  readonly agent: () => RingAgent;
  /** Makes the agreement know all that this node has. */
  readonly updateData: () => void;
}

const nothing = new Uint8Array(0);
/** Each heartbeat of the leader tells of the newest table. One comes late on a busy machine. */
const heartbeatsToSpread = 1.5;

/** What operators ask of a node: to take its place over, to have it handed over, and to end without a gap. */
export class Operators implements SeatOperators {
  readonly #options: OperatorsOptions;
  readonly #self: string;
  readonly #word: OperatorWord;
  #wasHanding = false;
  /** A handover that waits until no script is half done. */
  #waiting: { readonly to: string | undefined; readonly untilMs: number } | undefined;
  /** While this primary's disk fails: when it hands its place over. */
  #leavesFullDiskAtMs: number | undefined;

  constructor(options: OperatorsOptions) {
    const { events, members, server, timing } = options;
    this.#options = options;
    this.#self = members.names[members.self] as string;
    this.#word = new OperatorWord({
      monotonicMs: () => server.environment.monotonicMs(),
      nodeTimeoutMs: timing.silenceMs,
      isDone: () => this.#member.serving !== undefined,
      say: () => this.#sayWord(),
    });
    events.onNotice(noticeKinds.word, (from) => this.#onWord(members.names[from] as string));
    events.onNotice(noticeKinds.handOver, (from) => this.#begin(members.names[from], false));
  }

  /** To be called at each heartbeat. */
  repeat(): void {
    this.#word.repeat();
    this.#beginWaiting();
    this.#leaveFullDisk();
    const { isHanding } = this;
    const isGivenUp = this.#wasHanding && !isHanding && this.#member.serving !== undefined;
    this.#wasHanding = isHanding;
    if (!isGivenUp) return;
    this.#options.server.environment.report(
      "warning",
      `${this.#seat?.name} was not handed over in time: this node goes on`,
    );
  }

  /** A primary that cannot write its log refuses writes: a replica in sync, which can, goes on. */
  #leaveFullDisk(): void {
    const { diskFails, serving } = this.#member;
    if (!diskFails || serving === undefined) {
      this.#leavesFullDiskAtMs = undefined;
      return;
    }
    const nowMs = this.#options.server.environment.monotonicMs();
    // The disk may have room again at once, and nothing is served while a handover is tried.
    const pauseMs = 2 * handOverMs(this.#options.timing);
    this.#leavesFullDiskAtMs ??= nowMs + pauseMs;
    if (nowMs < this.#leavesFullDiskAtMs) return;
    this.#leavesFullDiskAtMs = nowMs + 10 * pauseMs;
    if (mayFollow(this.#member, serving).length > 0) this.#begin(undefined, false);
  }

  get #member() {
    return this.#options.agent().member;
  }

  get #seat(): Seat | undefined {
    const { committed, durable } = this.#member;
    return seatOf(committed ?? durable.stored.table, this.#self);
  }

  /** The seat of this node, which another node serves. */
  #ownSeat(): Seat {
    const seat = this.#seat;
    if (seat === undefined) throw new CommandError("ERR this node has no place on the ring");
    if (seat.primary.node === this.#self && this.#member.serving !== undefined) {
      throw new CommandError("ERR You should send CLUSTER FAILOVER to a replica");
    }
    return seat;
  }

  #linkTo(node: string): OutgoingLink | undefined {
    const { links, members } = this.#options;
    return links[members.names.indexOf(node)];
  }

  // --- by force ---

  takeOver(): void {
    const seat = this.#ownSeat();
    const { environment } = this.#options.server;
    const link = this.#linkTo(seat.primary.node);
    if (link?.isOpen === true && environment.monotonicMs() - link.heardAtMs < handOverMs(this.#options.timing)) {
      throw new CommandError(
        `ERR the primary ${seat.primary.node} answers: CLUSTER FAILOVER without an option has it hand over`,
      );
    }
    const text = `an operator wants this node to serve ${seat.name} with the data that it has`;
    environment.report("warning", text);
    this.#word.give();
  }

  #sayWord(): void {
    const { leader } = this.#member;
    if (leader === this.#self) this.#onWord(this.#self);
    else if (leader !== undefined) this.#linkTo(leader)?.notify(noticeKinds.word, nothing);
  }

  #onWord(node: string): void {
    const seat = seatOf(this.#member.durable.stored.table, node);
    if (seat === undefined || seat.primary.node === node) return;
    this.#options.agent().take({ type: "appoint", seat: seat.name, node });
  }

  // --- as planned ---

  handOver(): void {
    const { inSync, name, primary } = this.#ownSeat();
    const link = this.#linkTo(primary.node);
    if (link?.isOpen !== true) throw new CommandError(`ERR there is no link to the primary ${primary.node}`);
    const { run } = this.#member.durable;
    if (!inSync.some((copy) => copy.node === this.#self && copy.run === run)) {
      throw new CommandError(`ERR this node is not in sync with the primary ${primary.node}`);
    }
    this.#options.server.environment.report("notice", `an operator wants ${primary.node} to hand ${name} over`);
    link.notify(noticeKinds.handOver, nothing);
  }

  leave(): boolean {
    this.#begin(undefined, true);
    return this.isHanding;
  }

  get isHanding(): boolean {
    return isHanding(this.#member);
  }

  get spreadMs(): number {
    return heartbeatsToSpread * this.#options.timing.heartbeatMs;
  }

  #beginWaiting(): void {
    const { environment, execution } = this.#options.server;
    if (this.#waiting === undefined) return;
    const { to, untilMs } = this.#waiting;
    if (execution.isAtRest) this.#begin(to, false);
    else if (environment.monotonicMs() < untilMs) return;
    else environment.report("warning", `a script is half done: ${this.#seat?.name} is not handed over`);
    this.#waiting = undefined;
  }

  #begin(to: string | undefined, leaves: boolean): void {
    const { agent, server, timing, updateData } = this.#options;
    const { serving } = this.#member;
    // What a script has written that is half done is in no stream: no replica would have it, and this node would keep it.
    if (!server.execution.isAtRest) {
      if (!leaves) this.#waiting = { to, untilMs: server.environment.monotonicMs() + timing.silenceMs };
      return;
    }
    updateData();
    agent().take({ type: "handOver", to, leaves });
    const { handing } = this.#member.serving ?? {};
    if (handing !== undefined && serving?.handing === undefined) {
      this.#wasHanding = true;
      server.environment.report("notice", `this node hands ${this.#seat?.name} over to ${handing.to.node}`);
    } else if (serving !== undefined && to !== undefined && mayFollow(this.#member, serving).length === 0) {
      server.environment.report("warning", `no replica of ${this.#seat?.name} is in sync: it cannot be handed over`);
    }
  }
}
