/** Why all sessions of a user were revoked. */
export type UserRevocationReason = "everywhere" | "ban" | "password" | "deletion" | "invitation";
/** For people who read the ledger. */
export type RevocationReason = UserRevocationReason | "logout";

/** One session that is over, or all sessions of a user up to an epoch. */
export interface Revocation {
  readonly userId: string;
  /** Undefined: all sessions of the user whose epoch is lower than `leastEpoch`. */
  readonly sessionId: string | undefined;
  readonly leastEpoch: number;
  /** Then nothing that it concerns is valid any more, and it may be forgotten. Unix milliseconds. */
  readonly untilMs: number;
}

export interface RevokedSession {
  readonly userId: string;
  readonly sessionId: string;
  /** Unix milliseconds. */
  readonly expiresAtMs: number;
}

export interface NewRevocations {
  readonly revision: number;
  readonly revocations: readonly Revocation[];
}

/**
 * What was revoked before its time. Sessions and tokens are signed and stored nowhere, so this is the only place that
 * knows. Each gateway follows it.
 */
export interface LedgerRevocations {
  /** Revokes a session, and the tokens that it got. Repeating it changes nothing. */
  revokeSession(session: RevokedSession): Promise<Revocation>;
  /**
   * Revokes all sessions that the user has now, and their tokens. A login that has read the user before this counts as
   * one of them, even if it opens its session later. To be called after what the sessions must not survive is written.
   */
  revokeUser(userId: string, reason: UserRevocationReason): Promise<Revocation>;
  /**
   * At most `limit` revocations that are newer than a revision, the oldest first, and the revision that the caller then
   * knows. -1 is older than all, and so is a revision that the ledger does not have yet. Fewer than `limit`: there are no more.
   */
  since(known: number, limit: number): Promise<NewRevocations>;
  /** Forgets about `limit` of those that ended before the moment. Resolves with how many there were. */
  forget(step: { readonly endedBeforeMs: number; readonly limit: number }): Promise<number>;
}
