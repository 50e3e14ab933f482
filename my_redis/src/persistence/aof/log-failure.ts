/** For callers that want something to be on the disk which will not be there. */
export const notWritable = (): Error => new Error("the append-only file cannot be written");

/** The error reply for writes while the log cannot be written. */
export function refusal(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  return `MISCONF Errors writing to the AOF file: ${reason}`;
}
