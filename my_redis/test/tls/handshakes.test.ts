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
  const add = (count: number): Handshake[] =>
    Array.from({ length: count }, (_, index) => {
      const handshake = {
        remoteAddress: `client ${index}`,
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

  test("that are slow let others begin, and end after ten seconds", async () => {
    const { handshakes, begun, dropped, add, pass } = setUp();
    add(65);
    pass(1001);
    await waitUntil(() => begun.length === 65, { what: "the one that waited", timeoutMs: 10_000 });
    expect(dropped).toEqual([]);
    pass(9000);
    await waitUntil(() => dropped.length === 64, { what: "the end of the slow ones", timeoutMs: 10_000 });
    expect(handshakes.count).toBe(1);
    handshakes.stop();
  });

  test("of which more than 256 are slow end, the oldest first", async () => {
    const { handshakes, begun, dropped, add, pass } = setUp();
    add(64 * 6);
    for (let batches = 2; batches <= 6; batches++) {
      pass(1001);
      await waitUntil(() => begun.length === batches * 64, { what: `batch ${batches}`, timeoutMs: 10_000 });
    }
    expect(dropped).toEqual(Array.from({ length: 64 }, (_, index) => index));
    expect(handshakes.count).toBe(64 * 5);
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
      "the TLS handshake with client 0 has failed: it is late (49 others have failed since the last such message)",
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
