/** The system cannot start for a reason that its operator can fix. The message names the setting and the fix. */
export class StartError extends Error {
  override readonly name = "StartError";
  /** For programs that run a task. */
  readonly code: "cannot_start" | "sale_not_found" | "product_not_found";

  constructor(message: string, code: StartError["code"] = "cannot_start") {
    super(message);
    this.code = code;
  }
}
