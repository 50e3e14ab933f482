/**
 * The request certainly changed nothing: it never reached the server, or the server refused it unread.
 * The caller may answer "overloaded, try again"; trying again at once is safe as well.
 */
export class GateUnavailable extends Error {
  override readonly name = "GateUnavailable";
}

/**
 * The request was sent and its answer never came: it may or may not have taken effect.
 * The only right answer is to repeat the same request with the same reservation id. Never compensate.
 */
export class GateOutcomeUnknown extends Error {
  override readonly name = "GateOutcomeUnknown";
}

/** The caller's arguments cannot be right; nothing was sent. */
export class GateRequestInvalid extends Error {
  override readonly name = "GateRequestInvalid";
}

/** `arm` refused: the message says what the gate holds and what would be right. Nothing was changed. */
export class GateArmRefused extends Error {
  override readonly name = "GateArmRefused";
}
