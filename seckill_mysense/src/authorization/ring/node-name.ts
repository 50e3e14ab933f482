/** A gateway's name on the ring is the address of its listener for the others: `host:port`, IPv6 in brackets. */
const form = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)):([1-9]\d{0,4})$/;

export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/** Undefined for what is not a name. Lower case only: two spellings would be two places on the ring. */
export function parseNodeName(name: string): NodeAddress | undefined {
  const match = form.exec(name);
  if (match === null) return undefined;
  const port = Number(match[4]);
  return port <= 65_535 ? { host: (match[1] ?? match[2])!, port } : undefined;
}
