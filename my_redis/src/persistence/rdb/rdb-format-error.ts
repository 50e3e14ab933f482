/** Bytes that are not what the RDB format says they are. The message tells what is wrong; nothing has been changed. */
export class RdbFormatError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "RdbFormatError";
  }
}
