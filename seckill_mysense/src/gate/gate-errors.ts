/**
 * The request certainly changed nothing: it never reached the server, or the server refused it unread.
 * The caller may answer "overloaded, try again", or repeat the request at once.
 */
export class GateUnavailable extends Error {
  override readonly name = "GateUnavailable";
}

/**
 * The request was sent, but its answer never came: it may or may not have taken effect.
 * The caller must repeat the same request with the same reservation id, and never compensate.
 */
export class GateOutcomeUnknown extends Error {
  override readonly name = "GateOutcomeUnknown";
}

/** An argument of the caller is invalid; nothing was sent. */
export class GateRequestInvalid extends Error {
  override readonly name = "GateRequestInvalid";
}

/** `arm` was refused and changed nothing: the message names the gate's state and what would be right. */
export class GateArmRefused extends Error {
  override readonly name = "GateArmRefused";
}
