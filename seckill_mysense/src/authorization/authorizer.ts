import { riskReasons } from "./risk.ts";
import type { Holding } from "./user-holdings.ts";

/**
 * The kinds of requests. Each kind has a limit of its own. `room`: entries to a waiting room, and questions about a place in it. `once`: whether something comes for the first time within an hour. What
 * raises a risk is only counted.
 */
// Their places are their codes between gateways: a new one comes last.
export const tryKinds = ["check", "api", "login", "once", ...riskReasons, "room"] as const;
export type TryKind = (typeof tryKinds)[number];

/** One request of one user, as far as limits and bans go. */
export interface UserTry {
  readonly kind: TryKind;
  /** The user's id; for logins the key of the name that was entered; for risks the name or the address. */
  readonly userId: string;
  /** For `check`: the reservation that the token stands for. */
  readonly reservation?: Omit<Holding, "userId">;
  /** True to read the verdict without counting a try. */
  readonly isPeek?: boolean;
}

/**
 * `counted`: how often there was what raises a risk. `held`: the user already holds this reservation, so the gate need not be asked. `busy`: too many questions wait for
 * the user's owner, so nothing was decided.
 */
export type Verdict =
  | { readonly kind: "allowed"; readonly counted?: number }
  | { readonly kind: "limited"; readonly waitMs: number }
  | { readonly kind: "banned"; readonly waitMs: number }
  | { readonly kind: "held" }
  | { readonly kind: "busy" };

/**
 * Decides whether a user may try. The decision is taken by this process, or by the gateway of the ring that owns the
 * user.
 */
export interface Authorizer {
  decide(attempt: UserTry): Verdict | Promise<Verdict>;
  /** Reports that the gate has accepted a reservation. */
  reportHolding(holding: Holding): void;
  /** Reports a request that no honest client sends. */
  reportFailure(userId: string): void;
  /** The name of the gateway that decides about the user; empty without a ring. */
  ownerOf(userId: string): string;
}
