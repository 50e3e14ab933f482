/** A code of a sale for invited users, as the ledger has it. */
export interface RecordedCode {
  /** From 1, in its sale. */
  readonly number: number;
  /** The key of the name of the only user who may use it. */
  readonly nameKey: string | undefined;
  /** Who used it. */
  readonly userId: string | undefined;
  readonly usedAtMs: number | undefined;
  readonly revokedAtMs: number | undefined;
}

export interface CodeRequest {
  readonly saleId: string;
  /** One code each; undefined for one that anybody may use. */
  readonly nameKeys: readonly (string | undefined)[];
  readonly actor: string;
}

/** What a user does with a code. */
export interface CodeUse {
  readonly saleId: string;
  readonly number: number;
  readonly userId: string;
}

/**
 * `used`: the user is invited from now on. `already`: the user was invited before; a further code stays unused. `taken`:
 * another user has it. `unknown`: the ledger has no such code.
 */
export type CodeOutcome = "used" | "already" | "taken" | "revoked" | "unknown";

export type RevokeOutcome =
  | { readonly kind: "unknown" }
  /** `userId`: who had used it, and whose sessions are to end. */
  | { readonly kind: "revoked"; readonly userId: string | undefined };

/** Who is invited to buy in which sale. A code is one user's, and a user needs one code. */
export interface LedgerInvitationCodes {
  /** The key of a sale's codes, 32 bytes; undefined for a sale that is for everybody. It never changes. */
  key(saleId: string): Promise<Uint8Array | undefined>;
  /** Makes codes, and logs who did. Resolves with the number of the first one; the others follow without a gap. */
  make(request: CodeRequest): Promise<{ readonly key: Uint8Array; readonly first: number }>;
  use(use: CodeUse): Promise<CodeOutcome>;
  /** Whether the user has used a code of the sale that is not revoked. */
  isInvited(saleId: string, userId: string): Promise<boolean>;
  /** Makes a code worth nothing, also one that was used. Repeating it changes nothing. */
  revoke(saleId: string, number: number, actor: string): Promise<RevokeOutcome>;
  /** In the order of their numbers. */
  list(saleId: string, afterNumber: number, limit: number): Promise<RecordedCode[]>;
}

/** Codes that one command makes. */
export const maxCodesAtOnce = 10_000;
export const maxCodesOfSale = 1_000_000;
