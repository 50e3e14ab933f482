/** Shown in place of a secret argument. */
export const redacted = "(redacted)";
