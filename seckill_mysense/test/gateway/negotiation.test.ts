import { describe, expect, test } from "bun:test";
import { hasAlready, takesGzip } from "../../src/gateway/negotiation.ts";

describe("If-None-Match (RFC 9110, 13.1.2)", () => {
  const known = (condition: string): boolean => hasAlready(new Headers({ "if-none-match": condition }), "abc");

  test.each(['"abc"', 'W/"abc"', '"x", "abc"', '"x",W/"abc" , "y"', "*", " * ", '"a,b", "abc"', '"", "abc"'])(
    "%s has the answer",
    (condition) => expect(known(condition)).toBe(true),
  );
  test.each(['"abcd"', '"x"', "abc", 'w"abc', '"a,abc"', '""', "", ",", '"abc'])("%s does not", (condition) =>
    expect(known(condition)).toBe(false),
  );
  test("a request without one does not", () => expect(hasAlready(new Headers(), "abc")).toBe(false));
});

describe("Accept-Encoding (RFC 9110, 12.5.3)", () => {
  const taken = (codings: string): boolean => takesGzip(new Headers({ "accept-encoding": codings }));

  test.each(["gzip", "GZIP", "x-gzip", "deflate, gzip;q=0.5", "br, gzip ; q=1", "*", "identity, *;q=0.1"])(
    "%s takes gzip",
    (codings) => expect(taken(codings)).toBe(true),
  );
  test.each(["", "br", "gzip;q=0", "gzip;q=0.0, *", "*;q=0", "gzipped", "identity"])("%s does not", (codings) =>
    expect(taken(codings)).toBe(false),
  );
  test("a client that says nothing gets what every client can read", () =>
    expect(takesGzip(new Headers())).toBe(false));
});
