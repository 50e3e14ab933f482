/** The address at which a peer listens. */
export interface Address {
  /** A host name or an IP address; an IPv6 address without its brackets. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

const form = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})$/;

/**
 * Reads "10.0.0.1:6379", "[::1]:6379" or "peer-1.internal:6379". Returns undefined when the text is not such an
 * address.
 */
export function parseAddress(text: string): Address | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const port = Number(match[3]);
  if (port < 1 || port > 65_535) return undefined;
  return { host: (match[1] ?? match[2]) as string, port };
}
