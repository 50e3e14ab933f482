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

  test("that stand still for a second make room for those that wait, and end after ten", async () => {
    const { handshakes, begun, dropped, add, pass } = setUp();
    add(65);
    pass(1001);
    await waitUntil(() => begun.length === 65, { what: "the one that waited", timeoutMs: 10_000 });
    expect(dropped.length).toBe(64);
    pass(9000);
    const [late] = add(1);
    await waitUntil(() => begun.length === 66, { what: "the next one", timeoutMs: 10_000 });
    expect(dropped.length).toBe(64);
    pass(1001);
    await waitUntil(() => dropped.length === 65, { what: "the end of the one that stands still", timeoutMs: 10_000 });
    expect(handshakes.count).toBe(1);
    handshakes.end(late as Handshake);
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
