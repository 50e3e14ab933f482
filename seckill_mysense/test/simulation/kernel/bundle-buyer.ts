import { type Bundle, partId, partIds } from "../../../src/domain/bundle.ts";
import { type Actor, insist, OutcomeUnknown, rest, type Steps } from "./actor.ts";
import { carryOut, type Intention } from "./buyer.ts";
import type { Gateway } from "./gateway.ts";
import type { Shop } from "./shop.ts";

export interface BundleBuyerOptions {
  readonly shop: Shop;
  readonly gateway: Gateway;
  readonly userId: string;
  readonly bundleId: string;
  /** The products, in their order. */
  readonly productIds: readonly string[];
  readonly intention: Intention;
  /** How long it rests before it asks. */
  readonly rests?: number;
  readonly onEnd: () => void;
}

/** How often a buyer looks before it asks its gateway to give up a bundle of which nothing is known. */
const patience = 40;

/** One buyer who wants one unit of each of several products, or nothing. */
export function bundleBuyer(options: BundleBuyerOptions): Actor {
  const { shop, userId, bundleId, productIds } = options;
  const bundle = { bundleId, userId, parts: productIds.length };
  for (const id of partIds(bundle)) shop.tokens.add(id);
  return {
    name: `buyer ${userId} with ${bundleId}`,
    canBeKilled: false,
    *start() {
      for (let rests = options.rests ?? 0; rests > 0; rests--) yield* rest();
      const end = yield* reserveParts(options, bundle);
      if (end !== "gone" && (yield* hear(options, bundle)) === "won") yield* carryOut(options, bundleId);
      options.onEnd();
    },
  };
}

/** The gateway of a buyer who is "gone" died between two parts, and the buyer does not come back. */
function* reserveParts(
  options: BundleBuyerOptions,
  bundle: Pick<Bundle, "bundleId" | "userId" | "parts">,
): Steps<"asked" | "gone"> {
  const { shop, productIds } = options;
  for (const [index, productId] of productIds.entries()) {
    const isThere = yield* reservePart(options, {
      productId,
      reservationId: partId(bundle.bundleId, index + 1, bundle.parts),
    });
    if (!isThere) {
      yield* giveUp(shop, bundle);
      return "asked";
    }
    if (shop.chance.happens(0.1)) return "gone";
  }
  return "asked";
}

function* reservePart(
  { shop, gateway, userId }: BundleBuyerOptions,
  part: { readonly productId: string; readonly reservationId: string },
): Steps<boolean> {
  for (;;) {
    try {
      const outcome = yield* gateway.reserve({ ...part, userId, quantity: 1 });
      if (outcome.kind === "sold_out" || outcome.kind === "over_limit") return false;
      if (outcome.kind === "accepted") return true;
      // Another reservation of the user: it holds as many as it may.
      if (outcome.kind === "replay") return outcome.reservationId === part.reservationId;
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw error;
      // The gateway does not wait any longer: the unit may be taken all the same, and the bundle be complete.
      if (shop.chance.happens(0.5)) return false;
    }
    yield* rest();
  }
}

function* giveUp(shop: Shop, bundle: Pick<Bundle, "bundleId" | "userId" | "parts">): Steps {
  yield* insist("ledger", `gateway gives ${bundle.bundleId} up`, () => shop.ledger.bundles.giveUp(bundle));
}

function* hear({ shop }: BundleBuyerOptions, bundle: Pick<Bundle, "bundleId" | "userId" | "parts">): Steps<string> {
  const { bundles } = shop.ledger;
  const { bundleId } = bundle;
  const isEarly = shop.has("a bundle is won with its first part");
  for (let looks = 0; ; looks++) {
    const state = yield* insist("ledger", `reader reads ${bundleId}`, () => bundles.rows.get(bundleId)?.state);
    const isWon = state === "complete" || (isEarly && state === "collecting");
    if (isWon || state === "broken") {
      const answer = isWon ? "won" : "rejected";
      shop.bundlesTold.set(bundleId, (shop.bundlesTold.get(bundleId) ?? new Set()).add(answer));
      return answer;
    }
    // All its parts were lost with the data of their gates.
    if (state === undefined && looks > patience) yield* giveUp(shop, bundle);
    yield* rest();
  }
}
