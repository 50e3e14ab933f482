import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../../../tools/test-services/index.ts";
import { startRing, type TestRing, untilJoined, userOf } from "./ring-fixture.ts";
import { type Meddling, type SilencingProxy, silencingProxy } from "./silencing-proxy.ts";

/** One who stands between two gateways, sees all bytes, and can send, hold back and change any of them. */

interface Meddled extends AsyncDisposable {
  readonly caller: TestRing;
  readonly listener: TestRing;
  readonly proxy: SilencingProxy;
}

async function startMeddled(): Promise<Meddled> {
  const caller = await startRing({ askTimeoutMs: 200, downAfterMs: 1_500 });
  const proxy = await silencingProxy();
  const listener = await startRing({ selfName: proxy.name, listenHost: "127.0.0.2", seeds: [caller.name] });
  proxy.forwardTo("127.0.0.2");
  await untilJoined(caller, listener);
  return {
    ...{ caller, listener, proxy },
    async [Symbol.asyncDispose]() {
      proxy.close();
      await listener[Symbol.asyncDispose]();
      await caller[Symbol.asyncDispose]();
    },
  };
}

const reservation = { productId: "headphones-of-the-spring", reservationId: "r".repeat(28), epoch: 1 };
const question = (userId: string) => ({ kind: "check", userId, reservation }) as const;
/** Longer than a ping, shorter than what a question takes. */
const isQuestion = (chunk: Buffer): boolean => chunk.length > 60;
const refusals = ({ caller, listener }: Meddled): number =>
  caller.ring.counts.greetings.refused + listener.ring.counts.greetings.refused;

/** How many tries the user has left at the owner: 3 for one who was asked nothing about. */
async function triesLeft({ ring }: TestRing, userId: string): Promise<number> {
  for (let left = 0; ; left++) if ((await ring.decide({ kind: "check", userId })).kind !== "allowed") return left;
}

/** Meddles once, with the first question. */
function once(proxy: SilencingProxy, how: Meddling): void {
  let isDone = false;
  proxy.meddle((chunk) => {
    if (isDone || !isQuestion(chunk)) return { onward: [chunk] };
    isDone = true;
    return how(chunk);
  });
}

const flipped = (chunk: Buffer, at: number): Buffer => {
  const changed = Buffer.from(chunk);
  changed[at]! ^= 1;
  return changed;
};
/** Frames of a user who did what no honest client does: five of them are a ban. */
const failureOf = (userId: string): Buffer => {
  const name = Buffer.from(userId);
  return Buffer.concat([Buffer.from([0, 0, 0, name.length + 3, 9, 0, name.length]), name]);
};

describe("records between gateways", () => {
  /** What is done with the question, and how many tries of its user reach the owner: as few as honest ones. */
  const attacks: [string, (user: string) => Meddling, reached: number][] = [
    ["repeated", () => (chunk) => ({ onward: [chunk, chunk, chunk] }), 1],
    ["sent back to their sender", () => (chunk) => ({ onward: [chunk], back: [chunk] }), 1],
    ["changed at their end", () => (chunk) => ({ onward: [flipped(chunk, chunk.length - 1)] }), 0],
    ["changed in their middle", () => (chunk) => ({ onward: [flipped(chunk, 20)] }), 0],
    [
      "joined by others of the meddler",
      (user) => (chunk) => ({ onward: [...Array<Buffer>(5).fill(failureOf(user)), chunk] }),
      0,
    ],
  ];
  for (const [what, how, reached] of attacks) {
    test(`that are ${what} end the connection, and change nothing of the user`, async () => {
      await using meddled = await startMeddled();
      const { caller, listener, proxy } = meddled;
      const user = userOf(listener);
      once(proxy, how(user));
      // The caller decides by its own memory if the owner's answer is lost.
      expect((await caller.ring.decide(question(user))).kind).toBe("allowed");
      await waitUntil(() => refusals(meddled) > 0, { what: "the meddling to be found", timeoutMs: 5_000 });
      expect(await triesLeft(listener, user)).toBe(3 - reached);
      await untilJoined(caller, listener);
    });
  }

  test("that are left out are missed at the next one: no question gets the answer of another", async () => {
    await using meddled = await startMeddled();
    const { caller, listener, proxy } = meddled;
    const [limited, free] = [userOf(listener), userOf(listener, 1_000)];
    await triesLeft(listener, limited);
    once(proxy, () => ({}));
    const about = [caller.ring.decide(question(free))];
    // In a write of its own: all questions of a turn share one.
    await Bun.sleep(5);
    about.push(caller.ring.decide(question(limited)));
    await Promise.all(about);
    await waitUntil(() => refusals(meddled) > 0, { what: "the gap to be found", timeoutMs: 5_000 });
    // Both were decided by the caller's own memory, which knows nothing of the limit.
    expect((await Promise.all(about)).map(({ kind }) => kind)).toEqual(["allowed", "allowed"]);
  });

  test("that are exchanged are refused", async () => {
    await using meddled = await startMeddled();
    const { caller, listener, proxy } = meddled;
    const [limited, free] = [userOf(listener), userOf(listener, 1_000)];
    await triesLeft(listener, limited);
    let held: Buffer | undefined;
    proxy.meddle((chunk) => {
      if (!isQuestion(chunk)) return { onward: [chunk] };
      if (held !== undefined) return { onward: [chunk, held] };
      held = chunk;
      return {};
    });
    const first = caller.ring.decide(question(free));
    await Bun.sleep(5);
    const second = caller.ring.decide(question(limited));
    expect((await Promise.all([first, second])).map(({ kind }) => kind)).toEqual(["allowed", "allowed"]);
    await waitUntil(() => refusals(meddled) > 0, { what: "the exchange to be found", timeoutMs: 5_000 });
  });

  test("of an earlier connection are worth nothing on the next one", async () => {
    await using meddled = await startMeddled();
    const { caller, listener, proxy } = meddled;
    const user = userOf(listener);
    const kept: Buffer[] = [];
    proxy.meddle((chunk) => {
      if (isQuestion(chunk)) kept.push(chunk);
      return { onward: [chunk] };
    });
    await caller.ring.decide(question(user));
    expect(kept).toHaveLength(1);
    proxy.cut();
    await waitUntil(() => caller.ring.onRing.length === 1, { what: "the connection to be gone", timeoutMs: 5_000 });
    proxy.meddle((chunk) => ({ onward: [chunk] }));
    await untilJoined(caller, listener);
    once(proxy, (chunk) => ({ onward: [kept[0]!, chunk] }));
    await caller.ring.decide(question(userOf(listener, 1_000)));
    await waitUntil(() => refusals(meddled) > 0, { what: "the old record to be found", timeoutMs: 5_000 });
    expect(await triesLeft(listener, user)).toBe(2);
  });
});
