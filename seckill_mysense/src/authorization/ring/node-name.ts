import { type Address, parseAddress } from "peer-link";

/** Lower case, no leading zeros: two spellings of one address would be two places on the ring. */
const oneSpelling = /^(?:\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?):[1-9]\d*$/;

/**
 * A gateway's name on the ring is the address of its listener for the others: `host:port`, IPv6 in brackets. Undefined
 * when the text is no such name.
 */
export function parseNodeName(name: string): Address | undefined {
  return oneSpelling.test(name) ? parseAddress(name) : undefined;
}
