/** The system cannot start for a reason that its operator can remove; the message names the thing and what would be right. */
export class StartError extends Error {
  override readonly name = "StartError";
}
