/**
 * By which session something was made. Sessions, and the tokens that a session gets, carry it, so that they can be
 * revoked. Those of an earlier version carry none: they are of epoch 0, and can be revoked with all others of their user.
 */
export interface SessionMark {
  /** Made by chance. */
  readonly sessionId: string;
  /** How often all sessions of the user had been revoked when this one was opened. No clock can get it wrong. */
  readonly epoch: number;
}
