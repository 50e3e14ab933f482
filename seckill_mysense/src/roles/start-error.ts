/** The system cannot start for a reason that its operator can fix. The message names the setting and the fix. */
export class StartError extends Error {
  override readonly name = "StartError";
}
