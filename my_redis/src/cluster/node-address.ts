import { type Address, parseAddress } from "peer-link";

/** Host and port of a node, read from its name: "10.0.0.1:6379", "[::1]:6379". Throws RangeError for any other name. */
export function nodeAddress(name: string): Address {
  const address = parseAddress(name);
  if (address === undefined) throw new RangeError(`'${name}' is not host:port with a port from 1 to 65535`);
  return address;
}

/** An address as it is written in names and redirections. */
export const addressText = ({ host, port }: Address): string => `${host.includes(":") ? `[${host}]` : host}:${port}`;
