/**
 * The database could not be reached or stayed contended. It may be unknown whether the last attempt was committed, and
 * it is safe to repeat the same call. Only a restock without `changeId` and `expectedVersion` counts again when it is
 * called again.
 */
export class LedgerUnavailableError extends Error {
  override readonly name = "LedgerUnavailableError";
}

/** The database refuses a value that the ledger's own checks let through. Repeating the call is useless. */
export class RefusedValueError extends Error {
  override readonly name = "RefusedValueError";
}

/** The tables are older or newer than this program needs; the message names both versions. */
export class SchemaMismatchError extends Error {
  override readonly name = "SchemaMismatchError";
}

/** The sale is invalid; the message names the field, its value and what would be right. */
export class InvalidSaleError extends Error {
  override readonly name = "InvalidSaleError";
}

/** A different sale of this id exists; the message names the field and both values. */
export class SaleConflictError extends Error {
  override readonly name = "SaleConflictError";
}

/** The user is invalid; the message names the field, its value and what would be right. */
export class InvalidUserError extends Error {
  override readonly name = "InvalidUserError";
}

/** The ledger's rows contradict each other, through a bug or a change by hand. The work must not go on. */
export class LedgerCorruptionError extends Error {
  override readonly name = "LedgerCorruptionError";
}
