import { type Bundle, type BundleState, partIds, partOf } from "../../../src/domain/bundle.ts";
import type { Flaw } from "./flaws.ts";
import type { Message } from "./simulated-gate.ts";
import type { OrderRow } from "./order-row.ts";

type BundleRow = Pick<Bundle, "bundleId" | "userId" | "parts"> & {
  state: BundleState;
  readonly collectBeforeMs: number;
  /** Broken, and its recorded parts may still hold units. */
  isHeld: boolean;
};

/** How long a bundle may wait for its last part. */
const collectWithinMs = 2_500;

interface BundleSurroundings {
  now(): number;
  has(flaw: Flaw): boolean;
  order(reservationId: string): OrderRow | undefined;
}

/** The bundles of the ledger. Each method is a part of one of its transactions. */
export class SimulatedBundles {
  readonly rows = new Map<string, BundleRow>();
  readonly #world: BundleSurroundings;

  constructor(world: BundleSurroundings) {
    this.#world = world;
  }

  /** Writes the bundle of a message down, if it has one and is new. False when the message comes too late for it. */
  mayRecord({ reservationId, userId }: Message): boolean {
    const part = partOf(reservationId);
    if (part === undefined) return true;
    const row = this.#rowOf({ bundleId: part.bundleId, userId, parts: part.parts });
    return row.state !== "broken" || this.#world.has("a part of a broken bundle is recorded");
  }

  /** The last part completes the bundle, and gives all parts one moment to be paid before. */
  recorded(reservationId: string, payBeforeMs: number): void {
    const part = partOf(reservationId);
    const row = part && this.rows.get(part.bundleId);
    if (row === undefined || row.state === "broken") return;
    const orders = this.ordersOf(row);
    if (orders.length < row.parts) return;
    row.state = "complete";
    for (const order of orders) order.payBeforeMs = payBeforeMs;
  }

  rejected({ reservationId, userId }: Message): void {
    const part = partOf(reservationId);
    if (part === undefined) return;
    this.#break(this.#rowOf({ bundleId: part.bundleId, userId, parts: part.parts }));
  }

  /** Gives the state after that. */
  giveUp(bundle: Pick<Bundle, "bundleId" | "userId" | "parts">): BundleState {
    const row = this.#rowOf(bundle);
    if (row.state === "complete" && this.#world.has("a complete bundle can be given up")) row.state = "collecting";
    this.#break(row);
    return row.state;
  }

  breakOverdue(): void {
    if (this.#world.has("a bundle waits for its last part for ever")) return;
    for (const row of this.rows.values()) if (row.collectBeforeMs < this.#world.now()) this.#break(row);
  }

  held(): BundleRow[] {
    return [...this.rows.values()].filter(({ isHeld }) => isHeld);
  }

  /** The recorded parts. */
  ordersOf(row: Pick<Bundle, "bundleId" | "parts">): OrderRow[] {
    return partIds(row).flatMap((id) => this.#world.order(id) ?? []);
  }

  /** What is paid, cancelled or expired together with an order; a bundle that is not complete has nothing to pay yet. */
  purchase(id: string): readonly OrderRow[] {
    const bundle = this.rows.get(partOf(id)?.bundleId ?? id);
    const order = this.#world.order(id);
    if (bundle === undefined) return order === undefined ? [] : [order];
    if (order !== undefined && this.#world.has("a part of a bundle expires by itself")) return [order];
    return bundle.state === "complete" ? this.ordersOf(bundle) : [];
  }

  /** Whether an order may expire when it is not paid: the parts of other bundles are released when these break. */
  mayExpire({ reservationId }: OrderRow): boolean {
    const part = partOf(reservationId);
    return part === undefined || this.rows.get(part.bundleId)?.state === "complete";
  }

  #break(row: BundleRow): void {
    if (row.state !== "collecting") return;
    row.state = "broken";
    row.isHeld = true;
  }

  #rowOf(bundle: Pick<Bundle, "bundleId" | "userId" | "parts">): BundleRow {
    const known = this.rows.get(bundle.bundleId);
    if (known !== undefined) return known;
    const { bundleId, userId, parts } = bundle;
    const collectBeforeMs = this.#world.now() + collectWithinMs;
    const row: BundleRow = { bundleId, userId, parts, state: "collecting", collectBeforeMs, isHeld: false };
    this.rows.set(bundleId, row);
    return row;
  }
}
