import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { type Handshake, Handshakes } from "../../src/network/tls/handshakes.ts";

function setUp() {
  let nowMs = 0;
  const log: string[] = [];
  const report = (_level: string, message: string): void => void log.push(message);
  const handshakes = new Handshakes({ environment: { monotonicMs: () => nowMs, report }, hasRoom: () => true });
  const begun: number[] = [];
  const dropped: number[] = [];
  const spoken = new Set<number>();
  const add = (count: number): Handshake[] =>
    Array.from({ length: count }, (_, index) => {
      const handshake = {
        remoteAddress: `client ${index}`,
        hasSpoken: () => spoken.has(index),
        begin: () => void begun.push(index),
        drop: () => void dropped.push(index),
      };
      handshakes.add(handshake);
      return handshake;
    });
  const pass = (ms: number): void => void (nowMs += ms);
  return {
    handshakes,
    log,
    begun,
    dropped,
    spoken,
    add,
    pass,
    infoOf: (name: string) => new Map(handshakes.infoLines).get(name),
  };
}

describe("handshakes", () => {
  test("begin in order, 64 at a time", () => {
    const { handshakes, begun, add } = setUp();
    const all = add(200);
    expect(begun.length).toBe(64);
    for (const each of all) handshakes.end(each);
    expect(begun).toEqual(Array.from({ length: 200 }, (_, index) => index));
    expect(handshakes.count).toBe(0);
  });

  test("of clients that have spoken begin before those of silent ones, 16 at a time", async () => {
    const { handshakes, begun, add, spoken } = setUp();
    add(1000);
    for (let number = 900; number < 940; number++) spoken.add(number);
    await waitUntil(() => begun.length >= 64 + 16, {
      what: "the first that have spoken",
      timeoutMs: 10_000,
      intervalMs: 1,
    });
    expect(begun.length % 16).toBe(0);
    await waitUntil(() => begun.length === 64 + 40, { what: "all that have spoken", timeoutMs: 10_000 });
    expect(begun.slice(64)).toEqual(Array.from({ length: 40 }, (_, index) => 900 + index));
    handshakes.stop();
  });

  test("end after ten seconds, and so does the wait of a silent client", async () => {
    const { handshakes, begun, dropped, add, pass, spoken } = setUp();
    add(200);
    pass(9999);
    spoken.add(199);
    await waitUntil(() => begun.includes(199), { what: "the one that has spoken", timeoutMs: 10_000 });
    pass(2);
    // 64 others begin in the place of those that have begun first.
    await waitUntil(() => dropped.length === 135, { what: "the end of the first", timeoutMs: 10_000 });
    expect(dropped).not.toContain(199);
    pass(10_001);
    await waitUntil(() => handshakes.count === 0, { what: "the end of the others", timeoutMs: 10_000 });
    handshakes.stop();
  });

  test("that fail are counted, and are one line of the log in ten seconds", () => {
    const { handshakes, log, add, pass, infoOf } = setUp();
    for (const each of add(50)) handshakes.end(each, "it is wrong");
    pass(10_001);
    const [last] = add(1);
    handshakes.end(last as Handshake, "it is late");
    handshakes.end(last as Handshake, "again");
    expect(log).toEqual([
      "the TLS handshake with client 0 has failed: it is wrong",
      "the TLS handshake with client 0 has failed: it is late (49 others since the last such message)",
    ]);
    expect(infoOf("tls_handshakes_failed")).toBe(51);
  });

  test("end when the server stops, and none begins any more", () => {
    const { handshakes, dropped, add, infoOf } = setUp();
    add(70);
    handshakes.stop();
    expect(dropped.length).toBe(70);
    expect(handshakes.count).toBe(0);
    add(1);
    expect(infoOf("tls_handshakes_refused")).toBe(1);
  });
});
