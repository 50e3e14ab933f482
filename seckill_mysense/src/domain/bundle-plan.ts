import { isKeptForBundles, partIds, partOf, type Bundle, type BundleState } from "./bundle.ts";
import type { RejectionReason } from "./order.ts";

export type KnownBundle = Bundle & { readonly state: BundleState };

/** A reservation, as far as it can be read. */
interface Part {
  readonly reservationId: string;
  readonly saleId: string | undefined;
  readonly userId: string | undefined;
}

export interface BundlePlanState {
  /** The bundles of a batch's parts, read under their locks. */
  readonly bundles?: ReadonlyMap<string, KnownBundle> | undefined;
  /** Reservations that are recorded, the other parts of these bundles included. */
  readonly ordered: ReadonlySet<string>;
}

/** What a batch of reservations decides about bundles. */
export interface DecidedBundles {
  readonly completed: ReadonlyMap<string, KnownBundle>;
  readonly broken: ReadonlyMap<string, RejectionReason>;
}

/** Follows the bundles of a batch through its decisions. A pure class, without database and clock. */
export class BundlePlan implements DecidedBundles {
  readonly completed = new Map<string, KnownBundle>();
  readonly broken = new Map<string, RejectionReason>();
  readonly #state: BundlePlanState;
  readonly #recorded = new Set<string>();

  constructor(state: BundlePlanState) {
    this.#state = state;
  }

  /** Why a reservation cannot be recorded as a part; undefined if it can, or is none. */
  refusalOf(reservation: Part): "malformed" | "bundle_broken" | undefined {
    if (!isKeptForBundles(reservation.reservationId)) return undefined;
    const bundle = this.#bundleOf(reservation);
    if (bundle === undefined) return "malformed";
    return bundle.state === "broken" || this.broken.has(bundle.bundleId) ? "bundle_broken" : undefined;
  }

  /** The last recorded part completes its bundle. */
  noteRecorded(reservation: Part): void {
    const bundle = this.#bundleOf(reservation);
    if (bundle === undefined) return;
    this.#recorded.add(reservation.reservationId);
    const isThere = (id: string): boolean => this.#recorded.has(id) || this.#state.ordered.has(id);
    if (partIds(bundle).every(isThere)) this.completed.set(bundle.bundleId, bundle);
  }

  /** A part that is refused breaks its bundle, with the reason of the first one. */
  noteRejected(part: Part, reason: RejectionReason): void {
    const bundle = this.#bundleOf(part);
    if (bundle?.state === "collecting" && !this.broken.has(bundle.bundleId)) this.broken.set(bundle.bundleId, reason);
  }

  /** A part that names another user, sale or number of parts belongs to no bundle. What it does not name may fit. */
  #bundleOf({ reservationId, saleId, userId }: Part): KnownBundle | undefined {
    const part = partOf(reservationId);
    const bundle = part === undefined ? undefined : this.#state.bundles?.get(part.bundleId);
    if (bundle === undefined || bundle.parts !== part!.parts) return undefined;
    const isOther = (named: string | undefined, known: string): boolean => named !== undefined && named !== known;
    return isOther(saleId, bundle.saleId) || isOther(userId, bundle.userId) ? undefined : bundle;
  }
}
