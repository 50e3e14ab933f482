import { isHanding } from "../../src/cluster/agreement/handing.ts";
import { hasSlots, mayEnd, obstacleTo, takesAll } from "../../src/cluster/agreement/outgoing.ts";
import type { Position } from "../../src/cluster/agreement/position.ts";
import type { Member } from "../../src/cluster/agreement/ring-member.ts";
import { seatOf } from "../../src/cluster/agreement/ring-table.ts";
import { isKept, isReady } from "../../src/cluster/agreement/serving.ts";
import { hasSlot, type Move, ownerOf } from "../../src/cluster/agreement/slot-map.ts";
import { MovesWithoutLocks } from "../../src/cluster/seat-transaction/moves-without-locks.ts";
import { SeatBook, type SeatLogEntry } from "../../src/cluster/seat-transaction/seat-book.ts";
import { SeatCoordinator } from "../../src/cluster/seat-transaction/seat-coordinator.ts";
import type {
  CoordinatorHost,
  ParticipantHost,
  SeatAnswered,
  SeatHost,
} from "../../src/cluster/seat-transaction/seat-host.ts";
import type { SeatAnswer, SeatRequest } from "../../src/cluster/seat-transaction/seat-message.ts";
import { SeatParticipant } from "../../src/cluster/seat-transaction/seat-participant.ts";
import type { WritePlan } from "../../src/cluster/transaction/write-plan.ts";
import type { Operation } from "../../src/cluster/transaction/transaction-message.ts";
import { type DataCopy, type Entry, positionOf, type Write } from "./data-copy.ts";
import type { SimulatedWorld, WriteAcross } from "./simulated-world.ts";

/** What writes across seats see of their process. */
interface AcrossProcess {
  readonly name: string;
  readonly member: Member;
  readonly copy: DataCopy;
  nowMs(): number;
  append(entry: Entry): void;
  /** While the process lives, and once it is not paused. */
  whileAlive(run: () => void): void;
}

const nothing = new Uint8Array(0);
const slotOf = (key: Uint8Array): number => Number(Buffer.from(key).toString());
const keyOf = (slot: number): Uint8Array => Buffer.from(String(slot));

/** Writes across seats in one process: as the node that clients ask, and as the primary of a seat. */
export class SimulatedAcross {
  readonly #world: SimulatedWorld;
  readonly #process: AcrossProcess;
  readonly #book = new SeatBook();
  readonly #participant: SeatParticipant;
  readonly #coordinator: SeatCoordinator;
  readonly #withoutLocks: MovesWithoutLocks;
  /** What waits until all copies have what was logged before. */
  #waiting: { readonly position: Position; readonly run: (isKept: boolean) => void }[] = [];

  constructor(world: SimulatedWorld, process: AcrossProcess) {
    this.#world = world;
    this.#process = process;
    const limits = world.writeLimits;
    this.#participant = new SeatParticipant(this.#participantHost(), limits, this.#book);
    this.#withoutLocks = new MovesWithoutLocks({
      ...{ book: this.#book, epoch: () => process.member.serving?.epoch, whenKept: (run) => this.#whenKept(run) },
    });
    const incarnation = `${process.name}.${process.member.durable.run}`;
    this.#coordinator = new SeatCoordinator(this.#coordinatorHost(), limits, incarnation);
    if (world.mode.writesAcross) this.#lookLater(limits.silenceMs / 10);
  }

  #lookLater(everyMs: number): void {
    this.#world.queue.after(everyMs, () =>
      this.#process.whileAlive(() => {
        this.#participant.look();
        this.#lookLater(everyMs);
      }),
    );
  }

  /** This process is the primary of its seat from now on. */
  serve(): void {
    const { copy, member } = this.#process;
    this.#book.replace(copy.records.values());
    if (!hasSlots(member)) this.#forgetAll();
    this.#book.takeLocks();
  }

  /** They are from an earlier place of this node: see seat-data.ts. */
  #forgetAll(): void {
    const ids = [...this.#book.records.keys()];
    if (ids.length === 0) return;
    const entry: SeatLogEntry = { type: "forgotten", ids };
    this.#book.apply(entry);
    this.#process.append({ type: "across", entry, writes: [] });
  }

  /** It is no primary any more. */
  follow(): void {
    this.#book.dropLocks();
  }

  isLocked(slot: number): boolean {
    return this.#book.locks.holderOf(0, keyOf(slot)) !== undefined;
  }

  /** Whether requests may stop for a move: see slot-mover.ts. */
  mayStop(move: Move): boolean {
    const { committed } = this.#process.member;
    const isGoing = (key: Uint8Array): boolean => hasSlot(move.spans, slotOf(key));
    return this.#withoutLocks.has(move, { isGoing, isLast: takesAll(committed!, move) });
  }

  begin(write: WriteAcross): void {
    const { slots, isInSteps } = write;
    const value = Buffer.from(String(write.write));
    const operation = (slot: number): Operation => ({ kind: "set", key: keyOf(slot), value, expiryMs: -1 });
    const last = slots.at(-1)!;
    const plan: WritePlan = isInSteps
      ? {
          database: 0,
          first: slots.slice(0, -1).map(operation),
          second: { key: keyOf(last), operation: () => operation(last) },
        }
      : { database: 0, first: slots.map(operation) };
    this.#world.witness.onAcrossBegun(write);
    this.#coordinator.begin(plan, (result) => {
      this.#world.note(() => `${this.#process.name} ends write ${write.write} across: ${JSON.stringify(result)}`);
      this.#world.witness.onAcrossDone(write, result);
      write.answer(result);
    });
  }

  serveRequest(request: SeatRequest, answer: (answer: SeatAnswer) => void): void {
    const own = this.#participant.handle(request);
    if (own.type === "elsewhere" || own.type === "busy") return answer(own);
    this.#whenKept((kept) => answer(kept ? own : { type: "elsewhere" }));
  }

  #whenKept(run: (isKept: boolean) => void): void {
    const { epoch, offset } = positionOf(this.#process.copy);
    this.#waiting.push({ position: { epoch, offset }, run });
    // Never from within.
    this.#world.queue.after(0, () => this.#process.whileAlive(() => this.look()));
  }

  /** Something has happened to the member. */
  look(): void {
    if (this.#waiting.length === 0) return;
    const { member } = this.#process;
    const nowMs = this.#process.nowMs();
    const isOver = ({ epoch }: Position): boolean => member.serving?.epoch !== epoch;
    const ready = this.#waiting.filter(({ position }) => isOver(position) || isKept(member, position, nowMs));
    if (ready.length === 0) return;
    this.#waiting = this.#waiting.filter((each) => !ready.includes(each));
    for (const { position, run } of ready) run(!isOver(position));
  }

  #host(): SeatHost {
    const { queue, chance } = this.#world;
    return {
      monotonicMs: () => this.#process.nowMs(),
      random: () => chance.next(),
      schedule: (delayMs, run) => queue.after(delayMs, () => this.#process.whileAlive(run)),
      ask: (request, answered) => this.#ask(request, answered),
    };
  }

  #ask(request: SeatRequest, answered: SeatAnswered): void {
    const { queue, network, note } = this.#world;
    const { member, name } = this.#process;
    const to = member.committed?.seats.find((seat) => seat.name === request.seat)?.primary.node;
    let isOver = false;
    const end = (answer: SeatAnswer | undefined): void =>
      this.#process.whileAlive(() => {
        if (isOver) return;
        isOver = true;
        answered(answer);
      });
    queue.after(this.#world.writeLimits.prepareTimeoutMs, () => end(undefined));
    if (to === undefined) return;
    if (request.type === "commit") {
      for (const notice of this.#world.decisions) notice(this.#world.node(name), this.#world.node(to));
    }
    note(() => `${name} asks ${to} ${JSON.stringify({ ...request, operations: undefined })}`);
    if (to === name) {
      queue.after(0.01, () => this.#process.whileAlive(() => this.serveRequest(request, end)));
      return;
    }
    let hasArrived = false;
    network.send(name, to, () => {
      // A link carries each request once.
      if (hasArrived) return;
      hasArrived = true;
      this.#world.node(to).inProcess((process) =>
        process.onAcross(request, (answer) => {
          note(
            () =>
              `${to} answers ${name} ${JSON.stringify(answer)} to ${JSON.stringify({ ...request, operations: undefined })}`,
          );
          network.send(to, name, () => end(answer));
        }),
      );
    });
  }

  #coordinatorHost(): CoordinatorHost {
    return {
      ...this.#host(),
      seatOf: (key) => {
        const map = this.#process.member.committed?.slots;
        return map === undefined ? undefined : ownerOf(map, slotOf(key));
      },
    };
  }

  #participantHost(): ParticipantHost {
    const process = this.#process;
    const book = this.#book;
    const log = (entry: SeatLogEntry, writes: readonly (readonly [number, Write])[]): void => {
      book.apply(entry);
      process.append({ type: "across", entry, writes });
    };
    return {
      ...this.#host(),
      get serving() {
        const { member } = process;
        const { serving, committed, self, leaseUntilMs } = member;
        if (serving === undefined || !isReady(member) || isHanding(member) || process.nowMs() >= leaseUntilMs)
          return undefined;
        return { seat: seatOf(committed!, self)!.name, epoch: serving.epoch };
      },
      isInRing: (seat) =>
        process.member.committed?.seats.some(({ name, isGivenUp }) => name === seat && isGivenUp !== true) === true,
      obstacleTo: (operations) =>
        obstacleTo(
          process.member,
          operations.map(({ key }) => slotOf(key)),
        ),
      examine: () => ({ refusal: undefined, count: 0, taken: { payload: nothing, expiryMs: -1 } }),
      log: (entry) => log(entry, []),
      logAndApply: (entry, _database, operations) => {
        const own = operations.filter(({ key }) => mayEnd(process.member, slotOf(key)));
        log(
          entry,
          own.map(({ key, value }) => [slotOf(key), Number(Buffer.from(value).toString())]),
        );
      },
      unlocked: () => {},
      whenKept: (run) => this.#whenKept(run),
    };
  }
}
