/** Bytes that are not valid in the RDB format. The message says what is wrong. */
export class RdbFormatError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "RdbFormatError";
  }
}

/** The error for a part that may occur only once. `what` names the part. */
export const repeated = (what: string): RdbFormatError => new RdbFormatError(`a ${what} that comes twice`);

/** A collection without elements, which old versions of Redis could leave behind. The reader is at its end. */
export class EmptyCollectionError extends RdbFormatError {
  constructor(type: string) {
    super(`an empty ${type}`);
  }
}
