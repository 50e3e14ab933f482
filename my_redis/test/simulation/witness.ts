import type { TransactionResult } from "../../src/cluster/transaction/coordinator.ts";
import { hasCopy, isSameCopy, type RingTable, type Seat } from "../../src/cluster/agreement/ring-table.ts";
import { longest } from "../../src/cluster/agreement/ring-timing.ts";
import { isReady } from "../../src/cluster/agreement/serving.ts";
import { hasSlot, ownerOf } from "../../src/cluster/agreement/slot-map.ts";
import { countOf, type Write } from "./data-copy.ts";
import { AcrossWitness } from "./across-witness.ts";
import { otherServer, slotFault } from "./slot-witness.ts";
import type { Answer, Observer, RingNode, SimulatedWorld, WriteAcross } from "./simulated-world.ts";

/** What clients know of a slot: the writes that were acknowledged, or that a read has shown. */
interface Known {
  writes: readonly Write[];
  /** When each of them was answered first. */
  readonly answeredAtMs: number[];
  seat: string;
  epoch: number;
  lastAnswerMs: number;
  /** What was lost with a seat that was given up. */
  readonly lost: Set<Write>;
}

/** Sees everything at once, as nobody in the ring can, and compares it with what the ring promises. */
export class Witness implements Observer {
  readonly problems: string[] = [];
  readonly #world: SimulatedWorld;
  readonly #known = new Map<number, Known>();
  /** When each seat got a primary last. */
  readonly #appointedAtMs = new Map<string, number>();
  readonly #tables = new Map<number, RingTable>();
  readonly #leaders = new Map<number, string>();
  readonly #votes = new Map<string, string>();
  newest: RingTable;
  /** The seats that an operator has given to a node. */
  readonly words = new Set<string>();
  readonly across: AcrossWitness;

  constructor(world: SimulatedWorld & { readonly firstTable: RingTable }) {
    this.#world = world;
    this.newest = world.firstTable;
    world.proposals.push((leader) => this.#onProposal(leader));
    this.across = new AcrossWitness((problem) => this.fail(problem));
  }

  fail(problem: string): void {
    this.#world.note(() => `PROBLEM: ${problem}`);
    this.problems.push(`${problem} (at ${this.#world.queue.nowMs.toFixed(1)} ms)`);
  }

  acknowledgedOf(slot: number): readonly Write[] {
    return this.#known.get(slot)?.writes ?? [];
  }

  acrossOf(slot: number): number {
    return this.across.countOf(slot);
  }

  onAcrossBegun(write: WriteAcross): void {
    this.across.begun(write);
  }

  onAcrossDone(write: WriteAcross, result: TransactionResult): void {
    this.across.done(write, result);
  }

  /** R1: a term has one leader. */
  onLeader(node: string, term: number): void {
    const other = this.#leaders.get(term) ?? node;
    this.#leaders.set(term, node);
    this.#world.note(() => `${node} leads term ${term}`);
    if (other !== node) this.fail(`R1: ${other} and ${node} lead term ${term}`);
  }

  /** R2: a node votes for one candidate in a term. */
  onVote(voter: string, candidate: string, term: number): void {
    const other = this.#votes.get(`${voter} ${term}`) ?? candidate;
    this.#votes.set(`${voter} ${term}`, candidate);
    if (other !== candidate) this.fail(`R2: ${voter} votes for ${other} and for ${candidate} in term ${term}`);
  }

  /** R3: a version has one content, wherever it counts as committed. */
  onCommitted(table: RingTable): void {
    const known = this.#tables.get(table.version);
    if (known === table) return;
    if (known !== undefined) {
      if (JSON.stringify(known) !== JSON.stringify(table)) this.fail(`R3: version ${table.version} has two contents`);
      return;
    }
    this.#tables.set(table.version, table);
    const fault = slotFault(table);
    if (fault !== undefined) this.fail(`R12: ${fault}`);
    // A leader that takes over may commit several versions at once. Then nobody learns those in between on their own.
    const lastKnown = Math.min(this.newest.version, table.version - 1);
    if (table.version > this.newest.version) this.newest = table;
    this.#forgetGivenUp(table);
    for (const seat of table.seats) {
      if (seat.epoch <= lastKnown) continue;
      // What a failover may lose, a planned handover may not.
      if (!this.#isHandover(table, seat)) this.#appointedAtMs.set(seat.name, this.#world.queue.nowMs);
      this.#checkAppointment(table, seat.name);
    }
  }

  /**
   * What was in the slots of a seat that is given up is lost, as an operator wants it. Of slots that are passing to another
   * seat, that one has a part, which it keeps. Slots that were passing to it are their source's again: all that was written
   * there is there.
   */
  #forgetGivenUp({ version, seats, slots }: RingTable): void {
    const before = this.#tables.get(version - 1);
    for (const { name, isGivenUp } of seats) {
      if (!isGivenUp || before?.seats.some((seat) => seat.name === name && seat.isGivenUp)) continue;
      const isPassing = (slot: number): boolean =>
        slots?.moves.some((move) => move.from === name && move.isPassing && hasSlot(move.spans, slot)) === true;
      for (const [slot, known] of this.#known) {
        const isOwn = slots !== undefined && ownerOf(slots, slot) === name;
        const isReturned = !isOwn && before?.slots !== undefined && ownerOf(before.slots, slot) === name;
        if (!isOwn && !isPassing(slot) && !(isReturned && known.seat === name)) continue;
        if (isOwn) for (const write of known.writes) known.lost.add(write);
        known.writes = [];
        known.answeredAtMs.length = 0;
      }
    }
  }

  /** Whether the primary before had said that this one has everything. */
  #isHandover({ version }: RingTable, { name, primary }: Seat): boolean {
    const before = this.#tables.get(version - 1)?.seats.find((each) => each.name === name)?.primary;
    const member = before === undefined ? undefined : this.#world.node(before.node).process?.member;
    const handing = member?.serving?.handing;
    return handing?.asked !== undefined && member?.durable.run === before?.run && isSameCopy(handing.to, primary);
  }

  /**
   * R4: a node without data is not appointed while another one of its seat has data, unless an operator said so. A copy in
   * sync may be without: nothing was acknowledged then, or a moment ago where writes do not wait for it.
   */
  #checkAppointment(table: RingTable, name: string): void {
    const seat = table.seats.find((each) => each.name === name)!;
    const before = this.#tables.get(table.version - 1)?.seats.find((each) => each.name === name);
    if (this.words.has(name) || before === undefined || hasCopy(before.inSync, seat.primary)) return;
    const writesOf = (node: string): number => {
      const { process, data } = this.#world.node(node);
      return Math.max(process === undefined ? 0 : countOf(process.copy), countOf(data.content));
    };
    if (this.#world.node(seat.primary.node).process?.member.durable.run !== seat.primary.run) return;
    const fullest = Math.max(...seat.nodes.map(writesOf));
    // What nobody was told may be missing.
    if (writesOf(seat.primary.node) === 0 && fullest > 0 && this.#hasAcknowledged(table, name)) {
      this.fail(`R4: ${seat.primary.node} is appointed for ${name} without data`);
    }
  }

  /** R14: a copy in sync gets no seat, as long as the leader knows that its disk is full. */
  #onProposal({ name, process }: RingNode): void {
    const { diskFails, durable, role } = process!.member;
    if (role.type !== "leader") return;
    const { table } = durable.stored;
    for (const { epoch, name: seat, primary } of table.seats) {
      const before = role.committed?.table.seats.find((each) => each.name === seat);
      if (epoch !== table.version || before === undefined || !hasCopy(before.inSync, primary)) continue;
      const isFull = primary.node === name ? diskFails : role.peers.get(primary.node)?.diskFails;
      if (isFull === true && !this.words.has(seat)) this.fail(`R14: ${primary.node} gets ${seat} with a full disk`);
    }
  }

  /** Where slots are not agreed on, each seat has the slot of its own place. */
  #hasAcknowledged(table: RingTable, name: string): boolean {
    const isOwn = (slot: number): boolean =>
      table.slots === undefined ? table.seats[slot]?.name === name : ownerOf(table.slots, slot) === name;
    return [...this.#known].some(([slot, { writes }]) => writes.length > 0 && isOwn(slot));
  }

  /** R5: a seat has one primary with a lease. */
  onServing(node: RingNode): void {
    const { queue } = this.#world;
    const mayServe = ({ process }: RingNode): boolean =>
      process?.member.serving !== undefined && process.clock.trueMs(process.member.leaseUntilMs) > queue.nowMs;
    if (!mayServe(node)) return;
    for (const name of node.seat?.nodes ?? []) {
      const other = this.#world.node(name);
      if (other !== node && mayServe(other)) this.fail(`R5: ${name} and ${node.name} serve at the same time`);
    }
  }

  /** R6: whoever answers has every write that was acknowledged before. R13: what was given up does not come back. */
  onAnswer(answer: Answer): void {
    const { queue } = this.#world;
    const { seat, slot, epoch, seen, expected } = answer;
    this.across.onAnswer(answer);
    const nothing = { writes: [], answeredAtMs: [], seat, epoch: 0, lastAnswerMs: 0, lost: new Set<Write>() };
    const known = this.#known.get(slot) ?? nothing;
    this.#known.set(slot, known);
    const back = seen.find((write) => known.lost.has(write));
    if (back !== undefined) this.fail(`R13: write ${back} of slot ${slot} was lost, and is shown by ${seat}`);
    // Writes that were acknowledged after the request was carried out may be missing in its answer, and those that were
    // lost since then have been reported.
    const count = firstDifference(expected, known.writes, expected.length) ?? expected.length;
    const isBranch = firstDifference(known.writes, seen, Math.min(known.writes.length, seen.length)) !== undefined;
    if (isBranch || seen.length < count) this.#onLoss(known, answer);
    for (let at = known.writes.length; at < seen.length; at++) known.answeredAtMs[at] = queue.nowMs;
    if (seen.length > known.writes.length) known.writes = seen;
    known.epoch = epoch;
    known.seat = seat;
    known.lastAnswerMs = queue.nowMs;
  }

  /** R9: a slot has one owner that carries out requests. */
  onCarriedOut(node: RingNode, slot: number): void {
    if (!this.#world.mode.movesSlots) return;
    const other = otherServer(this.#world, node, slot);
    if (other !== undefined && otherServer(this.#world, other, slot) === node) {
      this.fail(`R9: ${node.name} and ${other.name} carry out requests for slot ${slot}`);
    }
  }

  #onLoss(known: Known, { seat, slot, seen, epoch }: Answer): void {
    const { mode, timing } = this.#world;
    const shared = firstDifference(known.writes, seen, seen.length) ?? seen.length;
    const text = `${known.writes.length - shared} acknowledged writes of ${seat}, slot ${slot},`;
    // R7: what may be lost was written while the copies in sync were behind by the time that they may be.
    const lastedMs = known.lastAnswerMs - known.answeredAtMs[shared]!;
    if (!mode.forgetsData) {
      if (mode.acknowledgement === "replica") this.fail(`R6: ${text} are missing`);
      else if (epoch === known.epoch || !this.#hasFailedOver(known, seat, shared))
        this.fail(`R7: ${text} are missing though nobody was appointed`);
      else if (lastedMs > longest(timing.lagMs)) this.fail(`R7: ${text} are lost, ${lastedMs.toFixed()} ms of them`);
    }
    known.writes = known.writes.slice(0, shared);
    known.answeredAtMs.length = shared;
  }

  /** Whether the seat of these writes, or the one that answers now, got another primary since they were answered. */
  #hasFailedOver({ seat: before, answeredAtMs }: Known, now: string, lost: number): boolean {
    return [before, now].some((seat) => (this.#appointedAtMs.get(seat) ?? 0) >= answeredAtMs[lost]!);
  }

  /** R8: when the faults have ended, every seat is served, and its copies are in sync. */
  isWhole(): boolean {
    return this.newest.seats.every(({ inSync, nodes, primary }) => {
      if (!inSync.some(({ node, run }) => node === primary.node && run === primary.run)) return false;
      return nodes.every((node) => {
        const run = this.#world.node(node).process?.member.durable.run;
        return inSync.some((copy) => copy.node === node && copy.run === run) && !this.#world.node(node).isPaused;
      });
    });
  }

  /** The primary of a seat, while it has a lease and carries out requests. */
  servingNode(seat: string): RingNode | undefined {
    return this.#world.nodes.find((node) => {
      const { process } = node;
      if (process === undefined || node.isPaused || node.seat?.name !== seat) return false;
      return isReady(process.member) && process.clock.nowMs() < process.member.leaseUntilMs;
    });
  }
}

/** The first place before `end` where they differ. Two that agree at the last place need not be compared as a whole. */
function firstDifference(some: readonly Write[], others: readonly Write[], end: number): number | undefined {
  if (end === 0 || some[end - 1] === others[end - 1]) return undefined;
  for (let at = 0; at < end; at++) if (some[at] !== others[at]) return at;
  return undefined;
}
