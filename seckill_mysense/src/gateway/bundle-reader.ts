import type { BundleTokenClaims } from "../authorization/sale-token.ts";
import { partId } from "../domain/bundle.ts";
import type { Gate } from "../gate/gate.ts";
import type { LedgerBundles } from "../ledger/bundles.ts";
import type { Catalogue } from "./catalogue.ts";
import { describeBundle, describeParts, describeUndecided } from "./describe-bundle.ts";
import type { ForgottenReservations } from "./forgotten-reservations.ts";
import type { ReservationReading } from "./reservation-reader.ts";

export interface BundleAsker {
  readonly userId: string;
  /** What the token of this bundle says; undefined for a request without it. */
  readonly claims: BundleTokenClaims | undefined;
}

export interface BundleReaderOptions {
  readonly bundles: Pick<LedgerBundles, "read">;
  readonly gate: Pick<Gate, "holds">;
  readonly catalogue: Pick<Catalogue, "find">;
  readonly forgotten: ForgottenReservations;
}

/** Reads the status of a whole bundle: first from the ledger, which is the truth, then from the gate of its first part. */
export class BundleReader {
  readonly #options: BundleReaderOptions;

  constructor(options: BundleReaderOptions) {
    this.#options = options;
  }

  async read(bundleId: string, { userId, claims }: BundleAsker): Promise<ReservationReading> {
    const recorded = await this.#recorded(bundleId, { userId, claims });
    if (recorded !== undefined) return recorded;
    // Until the ledger has a part of it, only the token says whose the bundle is, and what it consists of.
    const first = claims?.parts[0];
    const entry = first && this.#options.catalogue.find(first.productId);
    if (claims === undefined || entry === undefined) return { failure: "reservation_not_found" };
    const { saleId, parts } = claims;
    const { gate, forgotten } = this.#options;
    // Parts are reserved in their order: without the first one, none is.
    const reservationId = partId(bundleId, 1, parts.length);
    const described = describeParts(bundleId, parts);
    if (await gate.holds({ reservationId, userId, productId: entry.product.id, saleId })) {
      return { ok: describeUndecided(bundleId, { status: "pending", parts: described }) };
    }
    const fate = await forgotten.fateOf(entry);
    if (fate !== "lost") return { failure: fate };
    const late = await this.#recorded(bundleId, { userId, claims });
    return late ?? { ok: describeUndecided(bundleId, { status: "lost", parts: described }) };
  }

  async #recorded(bundleId: string, { userId, claims }: BundleAsker): Promise<ReservationReading | undefined> {
    const record = await this.#options.bundles.read(bundleId);
    if (record === undefined) return undefined;
    return record.userId === userId ? { ok: describeBundle(record, claims?.parts) } : { failure: "not_owner" };
  }
}
