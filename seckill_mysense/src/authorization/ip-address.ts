/**
 * An address as 16 bytes; IPv4 as IPv6 maps it (::ffff:a.b.c.d), so that both spellings of a client are one client.
 * Undefined for what is not an address.
 */
export function parseIpAddress(text: string): Uint8Array | undefined {
  if (text.length > 45) return undefined;
  if (!text.includes(":")) {
    const four = parseIpv4(text);
    return four && Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...four]);
  }
  // A zone (fe80::1%eth0) names an interface of the machine, not a client.
  const zone = text.indexOf("%");
  return parseIpv6(zone < 0 ? text : text.slice(0, zone));
}

function parseIpv4(text: string): number[] | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part))) return undefined;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half, index) => groups(half, index === halves.length - 1));
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const missing = 16 - head.length - (tail?.length ?? 0);
  // "::" stands for one group at least.
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...(tail ?? [])]);
}

/** The bytes of groups between colons; at the end of an address, the last may be an IPv4 address. */
function groups(text: string, isEnd: boolean): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    const four = isEnd && index === parts.length - 1 && part.includes(".") ? parseIpv4(part) : undefined;
    if (four !== undefined) bytes.push(...four);
    else if (/^[0-9a-f]{1,4}$/i.test(part))
      bytes.push(Number.parseInt(part, 16) >> 8, Number.parseInt(part, 16) & 0xff);
    else return undefined;
  }
  return bytes;
}

export function isIpv4(address: Uint8Array): boolean {
  for (let at = 0; at < 10; at++) if (address[at] !== 0) return false;
  return address[10] === 0xff && address[11] === 0xff;
}

/** Whether the first `bits` bits are the same. */
export function sharePrefix(one: Uint8Array, other: Uint8Array, bits: number): boolean {
  const whole = bits >> 3;
  for (let at = 0; at < whole; at++) if (one[at] !== other[at]) return false;
  const mask = (0xff00 >> (bits & 7)) & 0xff;
  return mask === 0 || (one[whole]! & mask) === (other[whole]! & mask);
}

/** A block of addresses as CIDR writes it: "10.0.0.0/8", "2001:db8::/32", or one address. */
export interface AddressBlock {
  readonly start: Uint8Array;
  /** Of 128. */
  readonly prefixBits: number;
}

export function parseAddressBlock(text: string): AddressBlock | undefined {
  const [address = "", bits, ...more] = text.split("/");
  const start = parseIpAddress(address);
  if (start === undefined || more.length > 0) return undefined;
  const isFour = !address.includes(":");
  const most = isFour ? 32 : 128;
  if (bits === undefined) return { start, prefixBits: 128 };
  if (!/^(0|[1-9]\d{0,2})$/.test(bits) || Number(bits) > most) return undefined;
  return { start, prefixBits: Number(bits) + (isFour ? 96 : 0) };
}
