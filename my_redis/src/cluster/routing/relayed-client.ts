import type { Context } from "../../dispatch/context.ts";
import type { HeldRequests } from "../../dispatch/held-requests.ts";
import type { Relaying } from "../../dispatch/relaying.ts";
import { answer } from "../../dispatch/replies.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { countReplies, replyEnd } from "../../protocol/reply-end.ts";
import { Disagreement } from "./disagreement.ts";
import { routeErrors } from "./route-errors.ts";
import { requestBytes } from "./transaction-request.ts";

/** Replies of which not all are for the client, or that have to be looked at. */
export interface SpecialReplies {
  /** How many; the last one may be for the client. */
  readonly count: number;
  /** Judges the last reply: true when it is not passed on. Without this, no reply is passed on. */
  readonly last?: (bytes: Uint8Array, start: number, end: number) => boolean;
  /** They will not come: the link is lost. */
  readonly lost?: () => void;
  /** The node does not own the keys, and has not carried the request out. True when it will be judged again. */
  readonly returned?: () => boolean;
}

interface ExpectedReplies extends SpecialReplies {
  readonly from: number;
}

/** How many requests of one client, and bytes of them, other nodes may have at a time. Beyond that the client waits until
 * all are answered. */
const maxOutstanding = 1024;
const maxOutstandingBytes = 1024 * 1024;

/** A table of the ring reaches all nodes within about so long. */
const returnPauseMs = 2;

/** The work of other nodes for one client: requests are with one node at a time, and so answered in order. */
export class RelayedClient implements Relaying {
  readonly context: Context;
  /** The node that has the client's requests. */
  node = -1;
  /** Nodes that hold a session for the client. */
  readonly sessions = new Set<number>();
  /** Nodes that tell the client when keys change. */
  readonly trackedAt = new Set<number>();
  /** The slot of the keys that the client watches at another node; -1 for none. */
  watchedSlot = -1;
  watchNode = -1;
  /** Nothing may follow before all is answered. */
  barrier = false;
  mayWaitForKeys = false;
  /** The client's present request finds that its slot has gone, without this node knowing where. */
  readonly bounces = new Disagreement();
  #isToBeJudgedLater = false;
  readonly #held: HeldRequests;
  readonly #ended: (client: RelayedClient) => void;
  #sent = 0;
  #received = 0;
  #outstandingBytes = 0;
  #special: ExpectedReplies[] = [];
  #resumeWhenIdle = false;
  #isInDoubt = false;
  /** Requests that nodes have sent back, in order. */
  #returned: Uint8Array[] = [];
  readonly #returns = new Disagreement();

  constructor(context: Context, held: HeldRequests, ended: (client: RelayedClient) => void) {
    this.context = context;
    this.#held = held;
    this.#ended = ended;
  }

  get outstanding(): number {
    return this.#sent - this.#received;
  }

  /** Whether a request may follow those that the node has. */
  mayFollow(node: number): boolean {
    if (this.#sent === this.#received) return true;
    if (node !== this.node || this.barrier) return false;
    return this.outstanding < maxOutstanding && this.#outstandingBytes < maxOutstandingBytes;
  }

  holdUntilAnswered(args: Arguments): "run" | "held" {
    return this.outstanding === 0 ? "run" : this.#held.hold(this.context, args);
  }

  pauseUntilAnswered(): "run" | "held" {
    if (this.outstanding === 0) return "run";
    this.context.client.channel.pause();
    this.#resumeWhenIdle = true;
    return "held";
  }

  /** A request of so many bytes has been given to a node. */
  sent(node: number, bytes: number, special?: SpecialReplies): void {
    this.node = node;
    this.sessions.add(node);
    this.#outstandingBytes += bytes;
    if (special === undefined) {
      this.#sent++;
      return;
    }
    this.#special.push({ ...special, from: this.#sent });
    this.#sent += special.count;
  }

  /** Whole replies came from the node. */
  take(bytes: Uint8Array, start: number, end: number): void {
    const { client, server } = this.context;
    this.#returns.end();
    if (this.#returned.length > 0) this.#refuseReturned();
    if (this.#special.length === 0 && client.replyMode === "on") {
      this.#received += countReplies(bytes, start, end);
      server.observers.tracking.answeredElsewhere(client);
      server.replies.raw(client, bytes, start, end);
    } else {
      for (let at = start; at < end;) {
        const next = replyEnd(bytes, at, end);
        if (next < 0) throw new RangeError("a reply is cut off");
        this.#takeOne(bytes, at, next);
        at = next;
      }
    }
    if (this.#sent === this.#received) this.#idle();
  }

  #takeOne(bytes: Uint8Array, start: number, end: number): void {
    const number = this.#received++;
    const special = this.#special[0];
    if (special !== undefined && number >= special.from) {
      if (number < special.from + special.count - 1) return;
      this.#special.shift();
      if (special.last === undefined || special.last(bytes, start, end)) return;
    }
    this.#answer((reply) => reply.raw(bytes, start, end));
  }

  /** The other node has judged its reply, and an error shows no data. */
  #answer(write: (reply: ReplyWriter) => void): void {
    const { client, server } = this.context;
    server.observers.tracking.answeredElsewhere(client);
    answer(server.replies, client, write, "nothing");
  }

  #refuse(message: string): void {
    this.#answer((reply) => this.context.server.processor.writeError(reply, message));
  }

  /** A node that does not own the keys has not carried a request out, and sends it back. */
  returned(request: Uint8Array): void {
    const { server } = this.context;
    const nowMs = server.environment.monotonicMs();
    const patienceMs = server.settings.values["cluster-node-timeout"];
    const isTooLong = this.#returns.isTooLong(nowMs, patienceMs);
    const special = this.#special[0];
    const isSpecial = special !== undefined && this.#received >= special.from;
    if (isSpecial) this.#special.shift();
    this.#received++;
    const isKept = isSpecial && special.returned?.() === true;
    const mayAskAnew = !isSpecial || special.returned === undefined;
    if (mayAskAnew && !isTooLong) this.#returned.push(new Uint8Array(request));
    else if (!isKept) this.#refuse(routeErrors.unsettled(patienceMs));
    if (this.#sent === this.#received) this.#idle();
  }

  /** A later request was carried out, whose reply must not come before those of what was sent back. */
  #refuseReturned(): void {
    for (const _ of this.#returned) this.#refuse(routeErrors.passed);
    this.#returned = [];
  }

  /** The node tells the client no more which keys change. */
  trackingLost(node: number): void {
    if (this.trackedAt.delete(node)) this.keysInDoubt();
  }

  /** Nothing that the client has read may be kept, nor what it is just reading. */
  keysInDoubt(): void {
    const { client, server } = this.context;
    server.observers.tracking.changedElsewhere(client, undefined);
    this.#isInDoubt = this.outstanding > 0;
  }

  /** The node is lost: each outstanding request is answered with the error, and what the client watched there counts as
   * changed. */
  lost(node: number, message: string): void {
    this.sessions.delete(node);
    const { client } = this.context;
    if (this.watchNode === node) client.watchBroken = true;
    this.trackingLost(node);
    if (this.node !== node || this.outstanding === 0) return;
    while (this.outstanding > 0) {
      const special = this.#special[0];
      if (special !== undefined && this.#received >= special.from) {
        this.#special.shift();
        this.#received = special.from + special.count;
        special.lost?.();
        if (special.last === undefined) continue;
      } else {
        this.#received++;
      }
      this.#refuse(message);
    }
    this.#idle();
  }

  #idle(): void {
    this.#outstandingBytes = 0;
    this.barrier = false;
    this.mayWaitForKeys = false;
    if (this.#isInDoubt) this.keysInDoubt();
    if (this.#isToBeJudgedLater) return;
    if (this.#returned.length > 0) return this.#askAnew();
    if (this.#held.has(this.context)) {
      this.#held.release(this.context);
    } else if (this.#resumeWhenIdle) {
      this.#resumeWhenIdle = false;
      this.context.client.channel.resume();
    }
  }

  /** What was sent back, and what waits behind it, is judged anew when this node may know the owner. */
  #askAnew(): void {
    const { client } = this.context;
    const held = this.#held.requestOf(this.context);
    const requests = held === undefined ? this.#returned : [...this.#returned, requestBytes(held)];
    this.#returned = [];
    this.#resumeWhenIdle = false;
    this.#held.forget(this.context);
    client.hold();
    client.channel.unread?.(Buffer.concat(requests));
    setTimeout(() => {
      if (!client.gone) client.goOn();
    }, returnPauseMs);
  }

  /** Reads on when everything is answered. */
  resumeWhenIdle(): void {
    this.#resumeWhenIdle = true;
  }

  /** The held request is judged again after a pause, and not as soon as everything is answered. */
  judgeLater(pauseMs: number): void {
    this.#isToBeJudgedLater = true;
    setTimeout(() => {
      this.#isToBeJudgedLater = false;
      if (this.outstanding === 0) this.#held.release(this.context);
    }, pauseMs).unref();
  }

  forgetWatches(): void {
    this.watchedSlot = -1;
    this.watchNode = -1;
  }

  end(): void {
    this.#held.forget(this.context);
    this.#ended(this);
  }
}
