/**
 * The database could not be reached or stayed contended. Whether the last attempt was committed may be unknown; the
 * same call may be repeated.
 */
export class LedgerUnavailableError extends Error {
  override readonly name = "LedgerUnavailableError";
}

/** The database refuses a value that the ledger's own checks let through. Repeating the call is useless. */
export class RefusedValueError extends Error {
  override readonly name = "RefusedValueError";
}

/** A sale that no ledger can hold; the message names the field, its value and what would be right. */
export class InvalidSaleError extends Error {
  override readonly name = "InvalidSaleError";
}

/** Another sale of this id exists; the message names the field and both values. */
export class SaleConflictError extends Error {
  override readonly name = "SaleConflictError";
}

/** A user that no ledger can hold; the message names the field, its value and what would be right. */
export class InvalidUserError extends Error {
  override readonly name = "InvalidUserError";
}

/** The ledger's rows contradict each other: a defect or a foreign hand, and no reason to go on. */
export class LedgerCorruptionError extends Error {
  override readonly name = "LedgerCorruptionError";
}
