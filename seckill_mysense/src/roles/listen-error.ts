import { StartError } from "./start-error.ts";

/** Says which setting names the address that cannot be listened at. */
export function listenError(error: unknown, what: string): unknown {
  const { code } = error as { code?: string };
  if (code === "EADDRINUSE") return new StartError(`${what} is in use by another process`);
  if (code === "EACCES") return new StartError(`${what} may not be used by this user`);
  return error;
}

/**
 * Throws if nobody could listen there now. Asked before something is begun that only a running system can go on with: the gateway
 * itself listens last.
 */
export function checkIsFree(host: string, port: number, what: string): void {
  try {
    Bun.listen({ hostname: host, port, socket: { data() {} } }).stop(true);
  } catch (error) {
    throw listenError(error, what);
  }
}
