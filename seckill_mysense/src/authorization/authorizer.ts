import type { Holding } from "./user-holdings.ts";

/** What a user wants to do. Each kind has a limit of its own. */
export const tryKinds = ["check", "api", "login"] as const;
export type TryKind = (typeof tryKinds)[number];

/** One try of one user. */
export interface UserTry {
  readonly kind: TryKind;
  /** The user's id; the name that is tried, for logins. */
  readonly userId: string;
  /** With `check`: the reservation that it is about. */
  readonly reservation?: Omit<Holding, "userId">;
  /** Only look: nothing is counted. */
  readonly isPeek?: boolean;
}

/**
 * `held`: he has this very reservation already, and the gate need not be asked. `busy`: too many questions wait for the
 * user's owner already; nothing was decided.
 */
export type Verdict =
  | { readonly kind: "allowed" }
  | { readonly kind: "limited"; readonly waitMs: number }
  | { readonly kind: "banned"; readonly waitMs: number }
  | { readonly kind: "held" }
  | { readonly kind: "busy" };

/** Decides whether a user may try: by this process alone, or by the one of the ring that owns him. */
export interface Authorizer {
  decide(attempt: UserTry): Verdict | Promise<Verdict>;
  /** The gate has accepted a reservation. */
  reportHolding(holding: Holding): void;
  /** He did what no honest client does. */
  reportFailure(userId: string): void;
  /** The gateway that decides about him; empty for a gateway that is alone. */
  ownerOf(userId: string): string;
}
