import { StartError } from "./start-error.ts";

/** Says which setting names the address that cannot be listened at. */
export function listenError(error: unknown, what: string): unknown {
  const { code } = error as { code?: string };
  if (code === "EADDRINUSE") return new StartError(`${what} is in use by another process`);
  if (code === "EACCES") return new StartError(`${what} may not be used by this user`);
  return error;
}
