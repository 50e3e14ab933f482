import { describe, expect, test } from "bun:test";
import type { Socket } from "bun";
import { freePort, waitUntil } from "../../../../tools/test-services/index.ts";
import { silencingProxy } from "./silencing-proxy.ts";
import { startRing, type TestRing, untilJoined, userOf } from "./ring-fixture.ts";

const check = (userId: string) => ({ kind: "check", userId }) as const;
const otherSecret = "another-secret-0123456789-abcdefghijklmno";

async function decisions(rings: readonly TestRing[], userId: string, count: number): Promise<string[]> {
  const kinds: string[] = [];
  for (let index = 0; index < count; index++) {
    kinds.push((await rings[index % rings.length]!.ring.decide(check(userId))).kind);
  }
  return kinds;
}

describe("a ring of gateways", () => {
  test("a user who spreads tries over all gateways gets no more than one user's limit", async () => {
    await using one = await startRing();
    await using two = await startRing({ seeds: [one.name] });
    await using three = await startRing({ seeds: [one.name, two.name] });
    const all = [one, two, three];
    await untilJoined(...all);
    for (const owner of all) {
      const user = userOf(owner);
      expect(all.map(({ ring }) => ring.ownerOf(user))).toEqual([owner.name, owner.name, owner.name]);
      expect(await decisions(all, user, 7)).toEqual([...Array(3).fill("allowed"), ...Array(4).fill("limited")]);
    }
    expect(two.ring.counts.questions.asked).toBeGreaterThan(0);
    expect(all.map(({ ring }) => ring.counts.questions.timeout)).toEqual([0, 0, 0]);
  });

  test("a ban at one gateway is a ban at all of them", async () => {
    await using one = await startRing();
    await using two = await startRing({ seeds: [one.name] });
    await untilJoined(one, two);
    const user = userOf(one);
    for (let failure = 0; failure < 5; failure++) two.ring.reportFailure(user);
    await waitUntil(async () => (await two.ring.decide({ ...check(user), isPeek: true })).kind === "banned", {
      what: "the owner to know",
      timeoutMs: 2_000,
    });
    expect((await one.ring.decide(check(user))).kind).toBe("banned");
    expect((await two.ring.decide(check(user))).kind).toBe("banned");
  });

  test("every gateway knows what a user holds, for the reservation in its epoch alone", async () => {
    await using one = await startRing();
    await using two = await startRing({ seeds: [one.name] });
    await untilJoined(one, two);
    const user = userOf(one);
    const reservation = { productId: "lamp", reservationId: "r-1", epoch: 2 };
    two.ring.reportHolding({ userId: user, ...reservation });
    const ask = async (at: TestRing, wanted = reservation): Promise<string> =>
      (await at.ring.decide({ kind: "check", userId: user, reservation: wanted, isPeek: true })).kind;
    await waitUntil(async () => (await ask(two)) === "held", { what: "the owner to know", timeoutMs: 2_000 });
    expect(await ask(one)).toBe("held");
    expect(await ask(two, { ...reservation, reservationId: "r-2" })).toBe("allowed");
    expect(await ask(two, { ...reservation, epoch: 3 })).toBe("allowed");
    expect(await ask(two, { ...reservation, productId: "chair" })).toBe("allowed");
  });

  test("one that starts with a single seed is found by all, and they agree", async () => {
    await using one = await startRing();
    await using two = await startRing({ seeds: [one.name] });
    await using three = await startRing({ seeds: [two.name] });
    await using four = await startRing({ seeds: [three.name] });
    const all = [one, two, three, four];
    await untilJoined(...all);
    for (let index = 0; index < 100; index++) {
      expect(new Set(all.map(({ ring }) => ring.ownerOf(`user-${index}`))).size).toBe(1);
    }
  });

  test("one that stops leaves at once, and only its users move; when it is back they return", async () => {
    await using one = await startRing();
    await using two = await startRing({ seeds: [one.name] });
    const three = await startRing({ seeds: [one.name] });
    await untilJoined(one, two, three);
    const users = Array.from({ length: 1_000 }, (_, index) => `user-${index}`);
    const before = users.map((user) => one.ring.ownerOf(user));
    three.ring.stop();
    await untilJoined(one, two);
    for (const [index, user] of users.entries()) {
      if (before[index] === three.name) expect(one.ring.ownerOf(user)).not.toBe(three.name);
      else expect(one.ring.ownerOf(user)).toBe(before[index]!);
    }
    await using back = await startRing({ seeds: [one.name], selfName: three.name });
    await untilJoined(one, two, back);
    expect(users.map((user) => two.ring.ownerOf(user))).toEqual(before);
  });

  test("there are never more members than allowed", async () => {
    await using one = await startRing({ maxMembers: 2 });
    await using two = await startRing({ seeds: [one.name] });
    await untilJoined(one, two);
    await using three = await startRing({ seeds: [one.name] });
    await waitUntil(() => one.ring.counts.greetings.refused > 0, { what: "the third to be refused", timeoutMs: 3_000 });
    expect(one.ring.onRing).not.toContain(three.name);
  });

  test("every kind of limit is one for all gateways", async () => {
    await using one = await startRing();
    await using two = await startRing({ seeds: [one.name] });
    await untilJoined(one, two);
    const userId = userOf(two);
    for (const kind of ["check", "api", "login"] as const) {
      const kinds: string[] = [];
      for (let index = 0; index < 5; index++) {
        kinds.push((await [one, two][index % 2]!.ring.decide({ kind, userId })).kind);
      }
      expect(kinds).toEqual(["allowed", "allowed", "allowed", "limited", "limited"]);
    }
  });

  test("a gateway never calls itself, also not by another name of its own", async () => {
    const port = await freePort();
    const seeds = [`127.0.0.1:${port}`, `localhost:${port}`];
    await using one = await startRing({ selfName: seeds[0]!, seeds });
    await waitUntil(() => one.ring.counts.greetings.refused > 0, { what: "the call to be refused", timeoutMs: 3_000 });
    expect(one.ring.onRing).toEqual([one.name]);
    expect((await one.ring.decide(check("ada"))).kind).toBe("allowed");
  });

  test("an address that is taken is named, with what would be right", async () => {
    await using one = await startRing();
    const port = one.name.split(":")[1];
    await expect(startRing({ selfName: one.name })).rejects.toThrow(
      `gateways.self: port ${port} on 127.0.0.1 is in use by another process; gateways.listen_host names`,
    );
  });

  test("one with another secret gets neither in nor an answer", async () => {
    await using one = await startRing();
    await using stranger = await startRing({ seeds: [one.name], secrets: [otherSecret] });
    await waitUntil(() => stranger.ring.counts.greetings.refused > 0, {
      what: "the stranger to see",
      timeoutMs: 3_000,
    });
    expect(one.ring.onRing).toEqual([one.name]);
    expect(stranger.ring.onRing).toEqual([stranger.name]);
  });

  test("all sign with the old secret until everybody whom they reach knows the new one", async () => {
    const old = "the-old-secret-0123456789-abcdefghijklmnop";
    const fresh = "the-new-secret-0123456789-abcdefghijklmnop";
    const one = await startRing({ secrets: [old] });
    await using two = await startRing({ secrets: [fresh, old], seeds: [one.name] });
    // As soon as it has started: no token may be signed that the other cannot check.
    expect(two.signing()).toBe(1);
    await untilJoined(one, two);
    one.ring.stop();
    await waitUntil(() => two.signing() === 0, { what: "the new secret to be used", timeoutMs: 3_000 });
    await using back = await startRing({ secrets: [fresh, old], seeds: [two.name], selfName: one.name });
    await untilJoined(two, back);
    expect([two.signing(), back.signing()]).toEqual([0, 0]);
  });
});

describe("a stranger at the port of the gateways", () => {
  interface Talk {
    readonly heard: Buffer[];
    readonly closed: Promise<void>;
    readonly isClosed: () => boolean;
    socket: Socket;
  }

  async function call(name: string): Promise<Talk> {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const heard: Buffer[] = [];
    let isOver = false;
    const close = (): void => {
      isOver = true;
      resolve();
    };
    const port = Number(name.split(":")[1]);
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: { data: (_, chunk) => void heard.push(Buffer.from(chunk)), close },
    });
    return { heard, closed, isClosed: () => isOver, socket };
  }

  test("hears a greeting, and is cut off when it asks without a proof", async () => {
    await using one = await startRing();
    const talk = await call(one.name);
    await waitUntil(() => talk.heard.length > 0, { what: "the hello", timeoutMs: 2_000 });
    // A question of kind 0 about user "a".
    talk.socket.write(Buffer.from([0, 0, 0, 5, 6, 0, 0, 1, 0x61]));
    await talk.closed;
    expect(Buffer.concat(talk.heard).toString()).toContain("seckill-gateways-2");
    expect(one.ring.counts.greetings).toEqual({ accepted: 0, refused: 1 });
  });

  test("cannot keep gateways out by opening connections", async () => {
    await using one = await startRing({ downAfterMs: 1_500 });
    const strangers = await Promise.all(Array.from({ length: 70 }, () => call(one.name)));
    // The first ones had to go when the others came.
    await Promise.all(strangers.slice(0, 6).map(({ closed }) => closed));
    await using two = await startRing({ seeds: [one.name] });
    await untilJoined(one, two);
    expect(strangers.filter(({ isClosed }) => !isClosed()).length).toBeGreaterThan(50);
    for (const { socket } of strangers) socket.terminate();
  });

  test("is cut off when it says nothing, and when it sends a greeting of its own making", async () => {
    await using one = await startRing({ downAfterMs: 300 });
    const silent = await call(one.name);
    const liar = await call(one.name);
    const body = Buffer.from(
      JSON.stringify({ name: "127.0.0.1:1", nonce: "n", key: "k", keys: ["k"], proof: "x".repeat(43) }),
    );
    const frame = Buffer.alloc(7 + body.length);
    frame.writeUInt32BE(body.length + 3, 0);
    frame[4] = 2;
    frame.writeUInt16BE(body.length, 5);
    body.copy(frame, 7);
    liar.socket.write(frame);
    await Promise.all([silent.closed, liar.closed]);
    expect(one.ring.onRing).toEqual([one.name]);
    expect(one.ring.counts.greetings.refused).toBe(1);
  });
});

describe("an owner that does not answer", () => {
  /** A gateway that takes part in the ring until it falls silent. A gateway that asks it after that gets no answer. */
  test("is replaced by the asker's own memory, and asked no more until it speaks again", async () => {
    await using one = await startRing({ askTimeoutMs: 100, downAfterMs: 1_500 });
    const proxy = await silencingProxy();
    await using two = await startRing({ selfName: proxy.name, listenHost: "127.0.0.2", seeds: [one.name] });
    proxy.forwardTo("127.0.0.2");
    await waitUntil(() => one.ring.onRing.length === 2, { what: "the ring", timeoutMs: 5_000 });
    const user = userOf(two);
    expect((await one.ring.decide(check(user))).kind).toBe("allowed");
    proxy.silence();
    expect(await decisions([one], user, 5)).toEqual(["allowed", "allowed", "allowed", "limited", "limited"]);
    const { timeout, suspect } = one.ring.counts.questions;
    expect([timeout, suspect]).toEqual([1, 4]);
    await waitUntil(() => one.ring.onRing.length === 1, { what: "the silent one to leave", timeoutMs: 3_000 });
    proxy.close();
  });

  test("leads to refusals when too many questions wait for it", async () => {
    await using one = await startRing({ askTimeoutMs: 1_000, downAfterMs: 1_500, maxWaiting: 3 });
    const proxy = await silencingProxy();
    await using two = await startRing({ selfName: proxy.name, listenHost: "127.0.0.2", seeds: [one.name] });
    proxy.forwardTo("127.0.0.2");
    await waitUntil(() => one.ring.onRing.length === 2, { what: "the ring", timeoutMs: 5_000 });
    proxy.silence();
    const user = userOf(two);
    const asked = Array.from({ length: 5 }, () => one.ring.decide(check(user)));
    const kinds = (await Promise.all(asked)).map(({ kind }) => kind);
    expect(kinds.slice(3)).toEqual(["busy", "busy"]);
    expect(kinds.slice(0, 3)).toEqual(["allowed", "allowed", "allowed"]);
    proxy.close();
  });
});
