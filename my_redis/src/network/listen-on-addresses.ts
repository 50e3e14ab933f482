/** The server cannot listen on an address. The message names the address and the port. */
export class ListenError extends Error {
  constructor(address: string, cause: unknown) {
    super(`Could not create server TCP listening socket ${address}: ${reasonOf(cause)}`, { cause });
    this.name = "ListenError";
  }
}

/** Listens at one address, at a free port for port 0, and gives the port. */
export type ListenAt = (host: string, port: number) => Promise<number>;

/**
 * Listens on each address of `bind`. "*" stands for all of IPv4, "::*" for all of IPv6. An address with "-" before it
 * is skipped when this machine does not have it. With port 0 the first address takes a free port, and the others take
 * the same one. Throws ListenError.
 */
export async function listenOnAddresses(
  listenAt: ListenAt,
  bind: readonly string[],
  port: number,
): Promise<{ host: string; port: number }> {
  let taken: { host: string; port: number } | undefined;
  for (const entry of bind) {
    const optional = entry.startsWith("-");
    const host = hostOf(optional ? entry.slice(1) : entry);
    const wanted = taken?.port ?? port;
    try {
      const found = await listenAt(host, wanted);
      taken ??= { host, port: found };
    } catch (error) {
      if (optional && isUnavailable(error)) continue;
      throw new ListenError(`${host}:${wanted}`, error);
    }
  }
  if (taken === undefined) throw new ListenError(bind.join(" "), new Error("this machine has none of these addresses"));
  return taken;
}

const hostOf = (address: string): string => (address === "*" ? "0.0.0.0" : address === "::*" ? "::" : address);

const codeOf = (error: unknown): string | undefined => (error as { code?: string } | null)?.code;

const isUnavailable = (error: unknown): boolean =>
  ["EADDRNOTAVAIL", "EAFNOSUPPORT", "EINVAL"].includes(codeOf(error) ?? "");

function reasonOf(error: unknown): string {
  if (codeOf(error) === "EADDRINUSE") return "bind: Address already in use";
  return error instanceof Error ? error.message : String(error);
}
