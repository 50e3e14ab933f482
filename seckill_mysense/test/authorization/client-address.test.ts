import { describe, expect, test } from "bun:test";
import { ClientAddress } from "../../src/authorization/client-address.ts";
import { parseAddressBlock, parseIpAddress } from "../../src/authorization/ip-address.ts";

const hex = (text: string): string | undefined => {
  const address = parseIpAddress(text);
  return address && Buffer.from(address.toByteArray()).toString("hex");
};

describe("addresses", () => {
  test("every spelling of an address is the same address", () => {
    expect(hex("192.0.2.1")).toBe(`${"00".repeat(10)}ffffc0000201`);
    expect(hex("::ffff:192.0.2.1")).toBe(hex("192.0.2.1"));
    expect(hex("::ffff:c000:201")).toBe(hex("192.0.2.1"));
    expect(hex("2001:DB8::1")).toBe(hex("2001:db8:0:0:0:0:0:1"));
    expect(hex("::")).toBe("00".repeat(16));
    expect(hex("fe80::1%eth0")).toBe(hex("fe80::1"));
  });

  test("what is not an address is none", () => {
    const wrong = ["", "1.2.3", "1.2.3.256", "01.2.3.4", "1.2.3.4.5", "1:2:3", "1::2::3", "12345::", "g::", ":::", "x"];
    for (const text of [...wrong, "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", "::1.2.3", "1.2.3.4::"]) {
      expect([text, hex(text)]).toEqual([text, undefined]);
    }
  });

  test("spellings that programs read differently are not addresses", () => {
    for (const text of ["0x7f.0.0.1", "127.1", "2130706433", "0177.0.0.1", "::ffff:01.2.3.4", "::ffff:1.02.3.4"]) {
      expect([text, hex(text)]).toEqual([text, undefined]);
    }
  });

  test("an IPv4-compatible address is not the IPv4 address", () => {
    expect(hex("::192.0.2.1")).toBe(`${"00".repeat(12)}c0000201`);
  });

  test("a zone is not part of the address, whatever it holds", () => {
    for (const text of ["fe80::1%", "fe80::1%a%b"]) expect(hex(text)).toBe(hex("fe80::1"));
  });

  test("blocks are an address and how many of its bits count", () => {
    expect(parseAddressBlock("10.0.0.0/8")?.[1]).toBe(104);
    expect(parseAddressBlock("2001:db8::/32")?.[1]).toBe(32);
    expect(parseAddressBlock("10.1.2.3")?.[1]).toBe(128);
    for (const text of ["10.0.0.0/33", "::/129", "10.0.0.0/8/8", "10.0.0.0/", "10.0.0.0/-1", "proxy/8"]) {
      expect(parseAddressBlock(text)).toBeUndefined();
    }
  });
});

describe("the client behind a request", () => {
  const headers = (forwardedFor?: string): Headers =>
    new Headers(forwardedFor === undefined ? {} : { "x-forwarded-for": forwardedFor });
  const trusting = new ClientAddress({ trustedProxies: ["10.0.0.0/8", "2001:db8:1::/48"], ipv6Prefix: 64 });
  const alone = new ClientAddress({ trustedProxies: [], ipv6Prefix: 64 });

  test("without trusted proxies is the other end of the connection, whatever the headers say", () => {
    expect(alone.keyOf("192.0.2.1", headers("203.0.113.9"))).toBe("192.0.2.1");
    expect(alone.keyOf("::ffff:192.0.2.1", headers("203.0.113.9"))).toBe("192.0.2.1");
  });

  test("behind an untrusted connection is its other end, although it sends the header", () => {
    expect(trusting.keyOf("192.0.2.1", headers("203.0.113.9"))).toBe("192.0.2.1");
  });

  test("behind trusted proxies is the right-most address that is none of theirs", () => {
    expect(trusting.keyOf("10.0.0.1", headers("203.0.113.9"))).toBe("203.0.113.9");
    expect(trusting.keyOf("10.0.0.1", headers("1.1.1.1, 203.0.113.9, 10.9.9.9"))).toBe("203.0.113.9");
    expect(trusting.keyOf("2001:db8:1::5", headers("203.0.113.9:4711"))).toBe("203.0.113.9");
    expect(trusting.keyOf("::ffff:10.0.0.1", headers("[2001:db8:2::1]:4711"))).toBe("20010db800020000/64");
  });

  test("a list that ends in nonsense is the proxy's own", () => {
    expect(trusting.keyOf("10.0.0.1", headers("203.0.113.9, unknown"))).toBe("10.0.0.1");
    expect(trusting.keyOf("10.0.0.1", headers(""))).toBe("10.0.0.1");
    expect(trusting.keyOf("10.0.0.1", headers())).toBe("10.0.0.1");
    expect(trusting.keyOf("10.0.0.1", headers("1.2.3.4, [::"))).toBe("10.0.0.1");
  });

  test("a long forgery is cut at its own end, and cannot push the truth out", () => {
    const forged = Array.from({ length: 500 }, (_, index) => `1.1.${index % 256}.1`).join(", ");
    expect(trusting.keyOf("10.0.0.1", headers(`${forged}, 203.0.113.9`))).toBe("203.0.113.9");
    expect(trusting.keyOf("10.0.0.1", headers(Array(500).fill("10.0.0.2").join(",")))).toBe("10.0.0.2");
  });

  test("addresses of one IPv6 network are one client, those of another are not", () => {
    const key = (address: string, ipv6Prefix: number): string =>
      new ClientAddress({ trustedProxies: [], ipv6Prefix }).keyOf(address, headers());
    expect(key("2001:db8:0:7::1", 64)).toBe(key("2001:db8:0:7:ffff::2", 64));
    expect(key("2001:db8:0:7::1", 64)).not.toBe(key("2001:db8:0:8::1", 64));
    expect(key("2001:db8:0:7::1", 60)).toBe(key("2001:db8:0:8::1", 60));
    expect(key("2001:db8:0:7::1", 60)).not.toBe(key("2001:db8:0:17::1", 60));
    expect(key("2001:db8::1", 128)).not.toBe(key("2001:db8::2", 128));
  });
});

test("a proxy is trusted in every spelling of its address, and without proxies nobody is", () => {
  const behind = new ClientAddress({ trustedProxies: ["10.0.0.0/8", "2001:db8::/32"], ipv6Prefix: 64 });
  const peers = ["10.1.2.3", "::ffff:10.1.2.3", "2001:db8::1", "192.0.2.1", "::1", "", "no address"];
  expect(peers.map((peer) => behind.isTrustedProxy(peer))).toEqual([true, true, true, false, false, false, false]);
  const alone = new ClientAddress({ trustedProxies: [], ipv6Prefix: 64 });
  expect(alone.isTrustedProxy("127.0.0.1")).toBe(false);
});
