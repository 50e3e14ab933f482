import { describe, expect, test } from "bun:test";
import { parseAddress } from "../index.ts";

describe("an address", () => {
  test.each([
    ["10.0.0.1:6379", "10.0.0.1", 6379],
    ["redis-1.internal:1", "redis-1.internal", 1],
    ["[::1]:65535", "::1", 65_535],
    ["[fe80::1:2]:80", "fe80::1:2", 80],
  ])("%s has a host and a port", (text, host, port) => {
    expect(parseAddress(text)).toEqual({ host, port });
  });

  test.each([
    "",
    "host",
    "host:",
    ":1",
    "host:0",
    "host:65536",
    "host:123456",
    "::1:80",
    "[::1]",
    "a b:1",
    "[g]:1",
    "a:1\n",
  ])("%j is refused", (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });
});
