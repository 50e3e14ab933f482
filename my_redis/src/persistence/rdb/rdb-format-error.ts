/** Bytes that are not what the RDB format says they are. The message tells what is wrong; nothing has been changed. */
export class RdbFormatError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "RdbFormatError";
  }
}

/** For a part that may come once and came before. `what` names the part. */
export const repeated = (what: string): RdbFormatError => new RdbFormatError(`a ${what} that comes twice`);

/** A collection without elements, which old versions of Redis could leave behind. It has been read to its end. */
export class EmptyCollectionError extends RdbFormatError {
  constructor(type: string) {
    super(`an empty ${type}`);
  }
}
