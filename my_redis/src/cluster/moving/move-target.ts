import type { Services } from "../../dispatch/context.ts";
import { arrivedOf, hasAll, movesTo } from "../agreement/incoming.ts";
import { isGivenUp, nothingLeft } from "../agreement/given-up.ts";
import type { Cursor } from "../agreement/move-message.ts";
import { type Asking, isExpected } from "../agreement/move-stream.ts";
import type { Position } from "../agreement/position.ts";
import type { Member, RingEvent } from "../agreement/ring-member.ts";
import type { Incoming as Arrived } from "../agreement/serving-state.ts";
import type { Move } from "../agreement/slot-map.ts";
import { IncomingData } from "./incoming-data.ts";
import { decodeAnswer, encodeQuestion, type MoveAnswer } from "./move-codec.ts";
import type { MoveCursors } from "./move-cursors.ts";

export interface MoveTargetOptions {
  readonly server: Services;
  readonly cursors: MoveCursors;
  readonly member: () => Member;
  readonly take: (event: RingEvent) => void;
  readonly position: () => Position;
  /** Whether this node's log has all that this node has. */
  readonly isLogged: () => boolean;
  /** Asks the primary of another seat. `answered` is called once, within a turn. */
  readonly ask: (seat: string, question: Uint8Array, answered: (answer: Uint8Array | undefined) => void) => void;
  /** Whether all slots of a move are empty here. */
  readonly isEmpty: (move: Move) => boolean;
  /** Slots are to be emptied, or have something from now on. */
  readonly contentChanged: (move: Move) => void;
  /** Everything is here. */
  readonly ended: () => void;
}

/** One move that comes to this seat. */
interface Incoming {
  asking: Asking | undefined;
  /** A question is on its way. */
  isOpen: boolean;
  nextAskMs: number;
  /** After the last question, if it was not answered; otherwise 0. */
  pauseMs: number;
  /** An answer that waits until a snapshot has taken what is here of the values that the answer changes. */
  waiting: MoveAnswer | undefined;
  /** What is here, in memory. Undefined: nothing, or nothing that counts. */
  has: Cursor | undefined;
  /** What is here, and the agreement does not know of: until the log has it, the source must not give it away. */
  untold: Arrived | undefined;
  keys: number;
  bytes: number;
}

/** Between two questions, while the source has nothing for this target. */
const pollMs = 5;
const noCommands = new Uint8Array(0);
/** After a question without an answer: twice the time that it has taken, and each further one doubles the pause. */
const failedPauseMs = 50;
const longestPauseMs = 120_000;
/** Longer pauses are reported. */
export const reportedPauseMs = 1000;

/** Asks the sources of the moves that bring slots to this seat, and makes what they send a part of its data. */
export class MoveTarget {
  readonly #options: MoveTargetOptions;
  readonly #data: IncomingData;
  readonly #moves = new Map<number, Incoming>();
  #lastNumber = 0;

  constructor(options: MoveTargetOptions) {
    this.#options = options;
    this.#data = new IncomingData(options.server);
  }

  /** Whether what is here of a move, if anything, counts: otherwise its slots have to be emptied. */
  hasBegun(move: number): boolean {
    return this.#of(move).has !== undefined;
  }

  statusOf(move: number): Pick<Incoming, "bytes" | "has" | "pauseMs" | "untold" | "waiting"> {
    return this.#of(move);
  }

  #of(move: number): Incoming {
    const known = this.#moves.get(move);
    if (known !== undefined) return known;
    const has = this.#options.cursors.of(move);
    const incoming = {
      asking: undefined,
      isOpen: false,
      nextAskMs: 0,
      pauseMs: 0,
      waiting: undefined,
      has,
      untold: undefined,
      keys: 0,
      bytes: 0,
    };
    this.#moves.set(move, incoming);
    return incoming;
  }

  keepOnly(isUnderWay: (move: number) => boolean): void {
    for (const move of this.#moves.keys()) if (!isUnderWay(move)) this.#moves.delete(move);
  }

  /** This node is the primary anew: what its data has counts, and no question from before. */
  forget(): void {
    this.#moves.clear();
  }

  /** Asks for all moves for which it is time. */
  ask(): void {
    for (const move of movesTo(this.#options.member())) this.#ask(move);
  }

  #ask(move: Move): void {
    const { isEmpty, member, server } = this.#options;
    const incoming = this.#of(move.id);
    const { waiting } = incoming;
    if (waiting !== undefined) {
      incoming.waiting = undefined;
      return this.#onAnswer(incoming, waiting);
    }
    const nowMs = server.environment.monotonicMs();
    // With another attempt, somebody else may answer.
    const mustWait = nowMs < incoming.nextAskMs && (incoming.asking?.attempt ?? move.attempt) === move.attempt;
    if (incoming.isOpen || mustWait || !this.#hasTold(incoming)) return;
    const { has } = incoming;
    if (has === undefined && !isEmpty(move)) return;
    // A primary that has taken over, or has been started again, finds in its data that nothing comes any more.
    if (has?.isFinal) return hasAll(member(), move.id) ? undefined : this.#tell(incoming, has);
    const { durable, serving } = member();
    const arrived = arrivedOf(serving!, move.id);
    // What all copies have of an earlier copy of the slots counts no more.
    const acknowledged = arrived?.snapshot === has?.snapshot ? arrived : undefined;
    const number = ++this.#lastNumber;
    incoming.asking = { number, attempt: move.attempt, isAnswered: false };
    const ask = { move: move.id, attempt: move.attempt, number, has, acknowledged };
    // Nobody is left to ask.
    if (isGivenUp(member().committed!.seats, move.from)) {
      return this.#onAnswer(incoming, { chunk: nothingLeft(ask), commands: noCommands });
    }
    incoming.isOpen = true;
    this.#options.ask(move.from, encodeQuestion({ run: durable.run, ask }), (answer) => {
      incoming.isOpen = false;
      const answeredMs = server.environment.monotonicMs();
      incoming.pauseMs = answer === undefined ? this.#pauseAfter(move, incoming, answeredMs - nowMs) : 0;
      incoming.nextAskMs = answeredMs + Math.max(incoming.pauseMs, pollMs);
      const decoded = answer === undefined ? undefined : decodeAnswer(answer);
      if (decoded !== undefined && this.#moves.get(move.id) === incoming) this.#onAnswer(incoming, decoded);
    });
  }

  /** The source may be busy for so long with what it was asked for that its links are given up: it needs time for others. */
  #pauseAfter({ from, id }: Move, { pauseMs: before }: Incoming, tookMs: number): number {
    const pauseMs = Math.min(longestPauseMs, Math.max(failedPauseMs, 2 * before, 2 * Math.round(tookMs)));
    if (pauseMs >= reportedPauseMs) {
      const text = `move ${id} waits: ${from} has not answered, or the link to it was lost. It is asked again in ${pauseMs} ms`;
      this.#options.server.environment.report("warning", text);
    }
    return pauseMs;
  }

  #onAnswer(incoming: Incoming, answer: MoveAnswer): void {
    const { member } = this.#options;
    const { chunk } = answer;
    const isMeant = ({ id, attempt }: Move): boolean => id === chunk.move && attempt === chunk.attempt;
    const move = movesTo(member()).find(isMeant);
    if (move === undefined || !isExpected(incoming.asking, chunk)) return;
    if (this.#data.mustWait(answer.commands)) {
      incoming.waiting = { chunk, commands: answer.commands.slice() };
      return;
    }
    incoming.asking = { ...(incoming.asking as Asking), isAnswered: true };
    if (chunk.isStart && incoming.has !== undefined) return this.#drop(move, incoming);
    this.#take(move, incoming, answer);
  }

  /** What is here counts no more. The source is asked anew when the slots are empty. */
  #drop(move: Move, incoming: Incoming): void {
    const { changes } = this.#options.server;
    incoming.has = undefined;
    incoming.untold = undefined;
    changes.beginUnit();
    changes.append(0, this.#options.cursors.drop(move.id));
    changes.endUnit();
    this.#options.contentChanged(move);
  }

  #take(move: Move, incoming: Incoming, { chunk, commands }: MoveAnswer): void {
    const { contentChanged, cursors, server } = this.#options;
    const isFirst = incoming.has === undefined;
    incoming.has = chunk.cursor;
    if (isFirst) contentChanged(move);
    // What has nothing to load need not be kept, but for the end: a later primary has to know of it.
    if (commands.length > 0 || chunk.cursor.isFinal) {
      incoming.bytes += commands.length;
      const problem = this.#data.apply(commands, () => cursors.set(chunk.cursor));
      if (problem !== undefined) {
        server.environment.report("error", `move ${move.id} begins anew: ${problem}`);
        return this.#drop(move, incoming);
      }
    }
    incoming.nextAskMs = 0;
    this.#tell(incoming, chunk.cursor);
  }

  #tell(incoming: Incoming, cursor: Cursor): void {
    incoming.untold = { cursor, offset: this.#options.position().offset };
    this.#hasTold(incoming);
  }

  /** Tells the agreement what has come, once the log has it. No more is asked for before: it would gather in memory. */
  #hasTold(incoming: Incoming): boolean {
    const { ended, isLogged, take } = this.#options;
    if (!isLogged()) return false;
    const { untold } = incoming;
    incoming.untold = undefined;
    if (untold === undefined) return true;
    take({ type: "incoming", incoming: untold });
    if (untold.cursor.isFinal) ended();
    return true;
  }
}
