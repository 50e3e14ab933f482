import { repairedAfterEndMs } from "../domain/sale.ts";
import { checkStock } from "../gate/check-request.ts";
import { GateRequestInvalid } from "../gate/gate-errors.ts";
import type { GateStatus } from "../gate/gate.ts";
import type { GateRecord } from "../ledger/gates.ts";
import { pause } from "../time/pause.ts";
import { adoptGates, type UnverifiedGate } from "./adopt-gates.ts";
import { Concerns, type SeenSequence } from "./concerns.ts";
import { isForgotten, judgeGate, unitsOwed } from "./judge-gate.ts";
import { defaultTimes, type RecoveryParts } from "./recovery-parts.ts";
import { repairGate } from "./repair-gate.ts";
import { UnitComparison } from "./unit-comparison.ts";

/** Products in one step: one query of the ledger, and one question to the gate for each of them. */
const sliceSize = 250;
/** Pause between two steps while nothing is wrong. Each step looks at another slice. */
const restMs = 1_000;
/** Pause while products wait to be looked at. */
const hurryMs = 20;
/** A step goes on without the gates that have not answered by then. */
const slowMs = 300;
/** Most questions to the gate that are not answered, all steps together: nodes that are frozen leave theirs open. */
const maxOpen = 2_000;
const maxRepairs = 4;
/** Pause between two looks at the products of sales that are long over. */
const longOverMs = 30_000;
/** At most one log line in this time about gates that cannot be asked. */
const failureLogMs = 30_000;

/** Counts since the start. */
export interface KeeperCounts {
  armed: number;
  /** Gates that were complete after a restart of their server. */
  adopted: number;
  repaired: number;
}

/**
 * Looks after the gates of all products: arms new ones, and finds and rebuilds those that have lost data. Products of
 * which buyers were told "closed" come first, all others in rotation, so that the cost does not grow with their number.
 * Several processes may do this at once.
 */
export class GateKeeper {
  readonly counts: KeeperCounts = { armed: 0, adopted: 0, repaired: 0 };
  readonly #parts: RecoveryParts;
  readonly #concerns: Concerns;
  readonly #units: UnitComparison;
  readonly #stopping = new AbortController();
  readonly #repairs = new Set<Promise<void>>();
  /** Products with an unanswered question. */
  readonly #open = new Set<string>();
  #running: Promise<void> | undefined;
  #wake = new AbortController();
  /** The product after which the next slice begins. */
  #cursor = "";
  #armCursor = "";
  #nextSliceMs = 0;
  #longOverCursor = "";
  #nextLongOverMs = 0;
  #silentUntilMs = 0;
  /** Until all products have been looked at once, there is no pause between the slices. */
  #isFirstPass = true;
  #ledgerIsAway = false;

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
    this.#concerns = new Concerns(parts);
    this.#units = new UnitComparison(parts);
  }

  /** Products that do not sell now, although the gate was asked for them. */
  get closed(): number {
    return this.#concerns.size;
  }

  /**
   * A buyer was told that this product is closed: it is looked at next. `seen` is the highest sequence of its gate that
   * the caller knows, with its epoch. It may not have reached the ledger.
   */
  hurry(productId: string, seen: SeenSequence): void {
    if (this.#concerns.add(productId, seen)) this.#wake.abort();
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Waits until all products have been looked at and are in order, but not for longer than this. */
  async whenInOrder(withinMs: number): Promise<void> {
    const { clock } = this.#parts;
    const untilMs = clock.elapsedMs() + withinMs;
    const isBusy = (): boolean => this.#isFirstPass || this.#concerns.size > 0 || this.#open.size > 0;
    while (isBusy() && clock.elapsedMs() < untilMs) await pause(hurryMs, this.#stopping.signal);
  }

  /** Repairs that run are broken off; another process begins them again. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake.abort();
    await this.#running;
    await Promise.all(this.#repairs);
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        const nowMs = this.#parts.clock.elapsedMs();
        const withSlice = this.#isFirstPass || nowMs >= this.#nextSliceMs;
        if (withSlice) this.#nextSliceMs = nowMs + restMs;
        await this.step(withSlice);
        if (withSlice && this.#cursor === "" && this.#armCursor === "") this.#isFirstPass = false;
        this.#ledgerIsAway = false;
      } catch (error) {
        if (!this.#ledgerIsAway) this.#parts.logger.warn("the gates cannot be looked after", { reason: String(error) });
        this.#ledgerIsAway = true;
      }
      if (this.#stopping.signal.aborted) return;
      this.#wake = new AbortController();
      const hurries = !this.#ledgerIsAway && (this.#isFirstPass || this.#concerns.areDue());
      await pause(hurries ? hurryMs : Math.min(restMs, this.#concerns.nextInMs()), this.#wake.signal);
    }
  }

  /** Arms new products, and looks at those that are due and, if wanted, at the next slice of all. */
  async step(withSlice = true): Promise<void> {
    const { gates, clock } = this.#parts;
    const endedAfterMs = clock.now() - repairedAfterEndMs;
    await this.#armNew(endedAfterMs);
    const due = this.#concerns.takeDue(sliceSize);
    const slice = withSlice ? await gates.slice(this.#cursor, sliceSize, endedAfterMs) : [];
    if (withSlice) this.#cursor = slice.length < sliceSize ? "" : slice.at(-1)!.product.id;
    const known = new Map(slice.map((record) => [record.product.id, record]));
    const others = await gates.read(due.filter((id) => !known.has(id)));
    const found = new Set([...known.keys(), ...others.map(({ product }) => product.id)]);
    for (const id of due) if (!found.has(id)) this.#concerns.settle(id);
    await this.#lookAt([...others, ...slice, ...(await this.#longOver(endedAfterMs))]);
  }

  /** A gate that is closed takes no units back, so it is still needed where units are to come back long after the sale. */
  async #longOver(endedAfterMs: number): Promise<GateRecord[]> {
    const nowMs = this.#parts.clock.elapsedMs();
    if (nowMs < this.#nextLongOverMs) return [];
    const records = await this.#parts.gates.unreturned(this.#longOverCursor, sliceSize, endedAfterMs);
    const isAll = records.length < sliceSize;
    this.#longOverCursor = isAll ? "" : records.at(-1)!.product.id;
    this.#nextLongOverMs = nowMs + (isAll ? longOverMs : restMs);
    return records;
  }

  async #armNew(endedAfterMs: number): Promise<void> {
    const records = await this.#parts.gates.unarmed(this.#armCursor, sliceSize, endedAfterMs);
    this.#armCursor = records.length < sliceSize ? "" : records.at(-1)!.product.id;
    const armable = records.filter(isArmable);
    const answered = new Set<GateRecord>();
    // A gate that does not answer must not count as armed.
    await this.#atOnce(armable, async (record) => {
      await this.#parts.gate.status(record.sale.id, record.product.id);
      answered.add(record);
    });
    for (const [epoch, some] of Map.groupBy([...answered], ({ product }) => product.epoch))
      await this.#arm(epoch, some);
  }

  async #arm(epoch: number, records: readonly GateRecord[]): Promise<void> {
    const noted = await this.#parts.gates.noteArmed(
      records.map(({ product }) => product.id),
      epoch,
    );
    // Read once more: a change that was made before the arming was noted counts on being armed.
    const toArm = await this.#parts.gates.read([...noted]);
    const before = this.counts.armed;
    await this.#atOnce(toArm, async (record) => {
      const outcome = await this.#parts.gate.arm(record.sale, record.product, unitsOwed(record));
      if (outcome === "armed") this.counts.armed++;
      this.#concerns.settle(record.product.id);
    });
    const products = this.counts.armed - before;
    if (products > 0) this.#parts.logger.info("gates of new products are armed", { products });
  }

  async #lookAt(records: readonly GateRecord[]): Promise<void> {
    const unverified: UnverifiedGate[] = [];
    await this.#atOnce(records, async (record) => {
      const status = await this.#parts.gate.status(record.sale.id, record.product.id);
      const found = await this.#judge(record, status);
      if (found !== undefined) unverified.push(found);
    });
    if (unverified.length === 0) return;
    const outcomes = await adoptGates(this.#parts, unverified);
    for (const [index, outcome] of outcomes.entries()) this.#follow(unverified[index]!, outcome);
  }

  /** The gate, if its server has restarted. Everything else is dealt with here. */
  async #judge(record: GateRecord, status: GateStatus | undefined): Promise<UnverifiedGate | undefined> {
    const { id } = record.product;
    const verdict = judgeGate(this.#concerns.withSeen(record), status);
    if (isForgotten(record, status, this.#parts.clock.now())) {
      this.#concerns.settle(id);
      return undefined;
    }
    switch (verdict.kind) {
      case "fine":
        this.#concerns.settle(id);
        await this.#compareUnits(record, status!);
        return undefined;
      case "unarmed":
        return undefined;
      case "repairing":
        this.#concerns.postpone(id, verdict.leaseMs);
        return undefined;
      case "unverified":
        return { record, status: status!, onTheWay: this.#concerns.onTheWay(id) };
      case "lost":
        await this.#confirm(id);
        return undefined;
    }
  }

  /** A queue that cannot be asked is no reason to call a gate that sells closed. */
  async #compareUnits(record: GateRecord, status: GateStatus): Promise<void> {
    const compared = await this.#units.look(record, status).catch(() => undefined);
    if (compared?.kind === "lost") this.#repair(record, status, compared.reason);
  }

  #follow(gate: UnverifiedGate, outcome: Awaited<ReturnType<typeof adoptGates>>[number]): void {
    const { id } = gate.record.product;
    if (outcome.kind === "adopted") {
      this.counts.adopted++;
      this.#concerns.settle(id);
      return;
    }
    if (outcome.kind === "lost") return this.#repair(gate.record, gate.status, outcome.reason);
    const isLate = this.#concerns.ageMs(id) > (this.#parts.times?.drainMs ?? defaultTimes.drainMs);
    if (isLate) this.#concerns.tell(id, "the product stays closed: its server has restarted", outcome.why);
    this.#concerns.postpone(id, isLate ? restMs : hurryMs);
  }

  /** Looks once more: between the two readings another process may have armed or rebuilt the product. */
  async #confirm(productId: string): Promise<void> {
    const { gate, gates } = this.#parts;
    const [record] = await gates.read([productId]);
    if (record === undefined) return;
    const status = await gate.status(record.sale.id, productId);
    const verdict = judgeGate(this.#concerns.withSeen(record), status);
    if (verdict.kind === "lost") this.#repair(record, status, verdict.reason);
    else this.#concerns.postpone(productId, hurryMs);
  }

  #repair(record: GateRecord, status: GateStatus | undefined, reason: string): void {
    const { id } = record.product;
    if (this.#repairs.size >= maxRepairs || this.#concerns.isRepairing(id)) return this.#concerns.postpone(id, hurryMs);
    this.#concerns.tell(id, "a gate has lost data: the product is closed until it is rebuilt", reason);
    this.#concerns.beginRepair(id);
    const repair = this.#carryOut(record, status, reason).finally(() => {
      this.#concerns.endRepair(id);
      this.#repairs.delete(repair);
    });
    this.#repairs.add(repair);
  }

  async #carryOut(record: GateRecord, status: GateStatus | undefined, reason: string): Promise<void> {
    const { id } = record.product;
    const { signal } = this.#stopping;
    const onTheWay = this.#concerns.onTheWay(id);
    try {
      const outcome = await repairGate(this.#parts, { record, status, reason, signal, onTheWay });
      if (outcome.kind === "repaired") {
        this.counts.repaired++;
        return this.#concerns.settle(id);
      }
      if (outcome.kind === "not_drained") this.#concerns.tell(id, "the product stays closed", outcome.why);
      this.#concerns.postpone(id, outcome.kind === "busy" ? outcome.leaseMs : restMs);
    } catch (error) {
      this.#concerns.tell(id, "a gate cannot be rebuilt now", String(error));
      this.#concerns.postpone(id, restMs);
    }
  }

  /**
   * Asks all gates at once. Those that do not answer soon are left alone: a frozen node concerns its own products only.
   */
  async #atOnce(records: readonly GateRecord[], ask: (record: GateRecord) => Promise<void>): Promise<void> {
    const asked: Promise<void>[] = [];
    for (const record of records) {
      const { id } = record.product;
      if (this.#open.has(id) || this.#open.size >= maxOpen || this.#concerns.isRepairing(id)) continue;
      this.#open.add(id);
      const asking = ask(record)
        .catch((error: unknown) => this.#noteFailure(id, error))
        .finally(() => this.#open.delete(id));
      asked.push(asking);
    }
    await Promise.race([Promise.all(asked), pause(slowMs, this.#stopping.signal)]);
    for (const { product } of records) if (this.#open.has(product.id)) this.#concerns.postpone(product.id, slowMs);
  }

  /** A node that is away fails for all of its products, so not each of them is logged. */
  #noteFailure(productId: string, error: unknown): void {
    this.#concerns.postpone(productId, restMs * 5);
    const nowMs = this.#parts.clock.elapsedMs();
    if (nowMs < this.#silentUntilMs) return;
    this.#silentUntilMs = nowMs + failureLogMs;
    this.#parts.logger.warn("gates cannot be asked", { productId, closed: this.closed, reason: String(error) });
  }
}

/** A row that no gate takes is left out: gateways name it in their health report. */
function isArmable({ sale, product }: GateRecord): boolean {
  try {
    checkStock({ sale, product, available: 0 });
    return true;
  } catch (error) {
    if (error instanceof GateRequestInvalid) return false;
    throw error;
  }
}
