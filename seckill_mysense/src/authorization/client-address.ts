import { type AddressBlock, type IpAddress, isIpv4, parseAddressBlock, parseIpAddress } from "./ip-address.ts";

export interface ClientAddressOptions {
  /** CIDR blocks of the proxies whose X-Forwarded-For is trusted. */
  readonly trustedProxies: readonly string[];
  /** Addresses that share this many leading bits count as one client: an IPv6 user usually has a whole network. */
  readonly ipv6Prefix: number;
}

/** No real chain of proxies is longer; a longer list is forged. */
const maxHops = 16;
const maxHeaderLength = 1_024;

/**
 * Finds the client's address for the limits per address. X-Forwarded-For is read only if a trusted proxy sent it,
 * because a client can write anything there. Read from the right, the first address that is not a trusted proxy is the
 * client.
 */
export class ClientAddress {
  readonly #proxies: readonly AddressBlock[];
  readonly #ipv6Prefix: number;

  /** @throws RangeError for text that is not a CIDR block */
  constructor({ trustedProxies, ipv6Prefix }: ClientAddressOptions) {
    this.#proxies = trustedProxies.map((text) => {
      const block = parseAddressBlock(text);
      if (block === undefined) throw new RangeError(`${text} is not a CIDR block`);
      return block;
    });
    this.#ipv6Prefix = ipv6Prefix;
  }

  /** The key that the client's limits go by; `peerAddress` is the other end of the connection. */
  keyOf(peerAddress: string, headers: Headers): string {
    // The most frequent case needs no parsing: IPv4 without a proxy.
    if (this.#proxies.length === 0 && !peerAddress.includes(":")) return peerAddress;
    const peer = parseIpAddress(peerAddress);
    if (peer === undefined) return peerAddress;
    return this.#key(this.#isProxy(peer) ? this.#clientBehind(peer, headers.get("x-forwarded-for")) : peer);
  }

  /** Whether the other end of the connection is a proxy whose headers can be trusted. */
  isTrustedProxy(peerAddress: string): boolean {
    if (this.#proxies.length === 0) return false;
    const peer = parseIpAddress(peerAddress);
    return peer !== undefined && this.#isProxy(peer);
  }

  #clientBehind(proxy: IpAddress, forwardedFor: string | null): IpAddress {
    if (forwardedFor === null) return proxy;
    let client = proxy;
    // The nearest proxy appends at the right, so cutting at the left can only remove forged entries.
    const hops = forwardedFor.slice(-maxHeaderLength).split(",").slice(-maxHops);
    for (const hop of hops.toReversed()) {
      const address = parseIpAddress(withoutPort(hop.trim()));
      // No trusted proxy wrote this entry, so nothing further left can be trusted either.
      if (address === undefined) return client;
      client = address;
      if (!this.#isProxy(address)) return client;
    }
    return client;
  }

  #isProxy(address: IpAddress): boolean {
    return this.#proxies.some((block) => address.match(block));
  }

  #key(address: IpAddress): string {
    const all = address.toByteArray();
    if (isIpv4(address)) return all.slice(12).join(".");
    const bytes = Math.ceil(this.#ipv6Prefix / 8);
    const prefix = Buffer.from(all.slice(0, bytes));
    const spare = bytes * 8 - this.#ipv6Prefix;
    if (spare > 0) prefix[bytes - 1]! &= 0xff << spare;
    return `${prefix.toString("hex")}/${this.#ipv6Prefix}`;
  }
}

/** Some proxies write the client's port too: "192.0.2.1:4711", "[2001:db8::1]:4711". */
function withoutPort(hop: string): string {
  if (hop.startsWith("[")) return hop.slice(1, Math.max(1, hop.indexOf("]")));
  const colon = hop.indexOf(":");
  return colon >= 0 && colon === hop.lastIndexOf(":") ? hop.slice(0, colon) : hop;
}
