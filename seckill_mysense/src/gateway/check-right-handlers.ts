import type { Authorizer, UserTry, Verdict } from "../authorization/authorizer.ts";
import { checkRight, type Right } from "../contract/check-right.ts";
import type { Catalogue } from "./catalogue.ts";
import { type GatewayApp, mountEndpoint, type MountOptions } from "./mount-endpoint.ts";

export interface CheckRightOptions {
  readonly authorizer: Authorizer;
  readonly catalogue: Catalogue;
}

/** Gives other programs the decision that /check would take about a user. */
export function mountCheckRight(app: GatewayApp, mount: MountOptions, options: CheckRightOptions): void {
  const { authorizer, catalogue } = options;
  mountEndpoint(app, checkRight, mount, async ({ body }) => {
    const { userID: userId, productID: productId, reservation: reservationId, peek = false } = body;
    const entry = productId === undefined ? undefined : catalogue.findFor(productId, userId);
    if (productId !== undefined && entry === undefined) return { failure: "product_not_found" };
    const attempt: UserTry = { kind: "check", userId, isPeek: peek };
    const verdict = await authorizer.decide(
      entry === undefined || reservationId === undefined
        ? attempt
        : { ...attempt, reservation: { productId: entry.product.id, reservationId, epoch: entry.product.epoch } },
    );
    if (verdict.kind === "busy") return { failure: "overloaded", retryAfterSeconds: 1 };
    return { ok: { ...rightOf(verdict), owner: authorizer.ownerOf(userId) } };
  });
}

function rightOf(verdict: Exclude<Verdict, { kind: "busy" }>): Omit<Right, "owner"> {
  switch (verdict.kind) {
    case "allowed":
      return { right: true, held: false };
    case "held":
      return { right: true, held: true };
    case "limited":
    case "banned":
      return {
        right: false,
        held: false,
        error: verdict.kind,
        retryAfterSeconds: Math.max(1, Math.ceil(verdict.waitMs / 1000)),
      };
  }
}
