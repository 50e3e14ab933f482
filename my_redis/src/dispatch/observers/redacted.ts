/** Shown in place of an argument that is secret. */
export const redacted = "(redacted)";
