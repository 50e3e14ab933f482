import ipaddr from "ipaddr.js";

/** IPv4 as IPv6 maps it (::ffff:a.b.c.d), so that both spellings of a client are one client. */
export type IpAddress = ipaddr.IPv6;

const longestAddress = 45;
const leadingZeroInIpv4 = /:0\d+\.|\.0\d/;
const ipv4Loopback: [IpAddress, number] = ipaddr.IPv6.parseCIDR("::ffff:127.0.0.0/104");
const ipv4Mapped: [IpAddress, number] = ipaddr.IPv6.parseCIDR("::ffff:0:0/96");

/**
 * Undefined for text that is not an address. The library also accepts spellings that other programs refuse or read
 * differently, such as "127.1". Such text is not an address here.
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (text.length > longestAddress) return undefined;
  if (!text.includes(":")) {
    if (!ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined;
    return new ipaddr.IPv6([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...ipaddr.IPv4.parse(text).octets]);
  }
  // A zone (fe80::1%eth0) names an interface of the machine, not a client.
  const [address = ""] = text.split("%", 1);
  if (leadingZeroInIpv4.test(address)) return undefined;
  // The library reads ::a.b.c.d as ::ffff:a.b.c.d, but these are different addresses.
  const exact = address.replace(/^::(?=\d+\.)/, "::0:");
  return ipaddr.IPv6.isValid(exact) ? ipaddr.IPv6.parse(exact) : undefined;
}

/** Whether only this machine reaches what listens on this host. Any text that is not surely so counts as open. */
export function isLoopbackHost(host: string): boolean {
  if (host.toLowerCase() === "localhost") return true;
  const address = parseIpAddress(host);
  return address !== undefined && (address.range() === "loopback" || address.match(ipv4Loopback));
}

export function isIpv4(address: IpAddress): boolean {
  return address.match(ipv4Mapped);
}

/** A block of addresses as CIDR writes it: "10.0.0.0/8", "2001:db8::/32", or one address. */
export type AddressBlock = [start: IpAddress, prefixBits: number];

/** Undefined for text that is not a block. `prefixBits` counts bits of the IPv6 form: 10.0.0.0/8 has 104. */
export function parseAddressBlock(text: string): AddressBlock | undefined {
  const [address = "", bits, ...more] = text.split("/");
  const start = parseIpAddress(address);
  if (start === undefined || more.length > 0) return undefined;
  if (bits === undefined) return [start, 128];
  const isFour = !address.includes(":");
  if (!/^(0|[1-9]\d{0,2})$/.test(bits) || Number(bits) > (isFour ? 32 : 128)) return undefined;
  return [start, Number(bits) + (isFour ? 96 : 0)];
}
