/** An error of the operating system. Its message names the call, the reason and the file. */
export const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === "string";

/** The words of the C library, which redis-server prints. */
const reasons: Readonly<Record<string, string>> = {
  EACCES: "Permission denied",
  EISDIR: "Is a directory",
  ENOENT: "No such file or directory",
  ENOSPC: "No space left on device",
  ENOTDIR: "Not a directory",
  EPERM: "Operation not permitted",
  EROFS: "Read-only file system",
};

/** Why the system refused, without the call and the file. */
export function reasonOf(error: unknown): string {
  const reason = isSystemError(error) ? reasons[error.code ?? ""] : undefined;
  return reason ?? (error instanceof Error ? error.message : String(error));
}
