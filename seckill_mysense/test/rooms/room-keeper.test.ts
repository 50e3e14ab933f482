import { describe, expect, test } from "bun:test";
import {
  blsPublicKey,
  drandRoundAfter,
  drandRoundTime,
  quicknet,
  sha256,
  signAsWitness,
  verifyDraw,
  witnessMessage,
} from "fair-draw";
import type { RoomSettings } from "../../src/domain/room.ts";
import { knownAfterEndMs } from "../../src/domain/sale.ts";
import { silentLogger } from "../../src/logging/logger.ts";
import { BeaconReader } from "../../src/rooms/beacon-reader.ts";
import { discloseRoom } from "../../src/rooms/disclosure.ts";
import { startRoomKeeper } from "../../src/rooms/room-keeper.ts";
import { ballotRoom, drawRoom, enter, makeRoomSale, queueRoom } from "../contract/ledger/room-fixtures.ts";
import { openTestLedger } from "../fakes/test-ledger.ts";

/** A round of the beacon as it was, in August 2023. */
const round = 1_000;
const signature = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";

/** Lets a test take a room through its draw, step by step. */
async function keepRoom(settings: RoomSettings, beaconUrl?: string, endsAtMs = 2_000_000_000_000) {
  const clock = { nowMs: settings.opensAtMs };
  const ledger = await openTestLedger(() => clock.nowMs);
  const { sale, products } = makeRoomSale(settings, { startsAtMs: settings.closesAtMs!, endsAtMs });
  await ledger.sales.create(sale, products);
  const room = (await ledger.rooms.find(sale.id))!;
  for (const name of ["ada", "bob", "eve"]) await enter(ledger, room, name);
  const health: string[] = [];
  const beacon =
    beaconUrl === undefined ? undefined : new BeaconReader({ url: beaconUrl, elapsedMs: () => clock.nowMs });
  const note = (why: string): void => void health.push(why);
  const keeper = startRoomKeeper({
    ...{ rooms: ledger.rooms, beacon, logger: silentLogger, now: () => clock.nowMs, intervalMs: 3_600_000 },
    health: { ok: () => note("ok"), degraded: note, down: note },
  });
  // The round that it starts with.
  await keeper.round();
  return {
    ...{ clock, ledger, room, health },
    async round() {
      await keeper.round();
      return (await ledger.rooms.state(room.id))!;
    },
    async [Symbol.asyncDispose]() {
      await keeper.stop();
      await ledger.close();
    },
  };
}

describe("the keeper of waiting rooms", () => {
  test("draws at the closing, and a second keeper finds nothing left to do", async () => {
    await using kept = await keepRoom(drawRoom);
    expect((await kept.round()).drawn).toBeUndefined();
    kept.clock.nowMs = drawRoom.closesAtMs!;
    const state = await kept.round();
    expect(state).toMatchObject({ publicValue: '{"kind":"none"}', beginsAtMs: drawRoom.closesAtMs! });
    expect(state.drawn!.entries).toBe(3);
    expect(await kept.round()).toMatchObject({ seed: state.seed!, revision: state.revision });
  });

  test("goes on where another one was ended, at any step", async () => {
    const seeds = new Set<string>();
    for (const last of ["close", "announce", "publish", "draw"] as const) {
      await using kept = await keepRoom(drawRoom);
      kept.clock.nowMs = drawRoom.closesAtMs!;
      const { rooms } = kept.ledger;
      const ended = new Proxy(rooms, {
        get(target, name) {
          const method = (Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>).bind(target);
          if (name !== last) return method;
          // It has written, and its process ends before it knows.
          return (...args: unknown[]) => method(...args).then(() => Promise.reject(new Error("killed")));
        },
      });
      const killed = startRoomKeeper({
        rooms: ended,
        logger: silentLogger,
        now: () => kept.clock.nowMs,
        intervalMs: 3_600_000,
      });
      await killed.round().catch(() => {});
      await killed.stop();
      const state = await kept.round();
      expect([last, state.drawn!.entries, state.beginsAtMs]).toEqual([last, 3, drawRoom.closesAtMs!]);
      seeds.add(Buffer.from(state.seed!).toString("hex"));
    }
    // Each room has a secret of its own.
    expect(seeds.size).toBe(4);
  });

  test("waits for the beacon's round, and takes no other answer", async () => {
    const asked: string[] = [];
    let answer: readonly [status: number, body: object] = [503, {}];
    await using server = Bun.serve({
      ...{ hostname: "127.0.0.1", port: 0 },
      fetch(request) {
        asked.push(new URL(request.url).pathname);
        const [status, body] = answer;
        return Response.json(body, { status });
      },
    });
    const roundMs = drandRoundTime({ ...quicknet, round });
    const settings = {
      ...{ ...drawRoom, opensAtMs: roundMs - 60_000, closesAtMs: roundMs - 30_000 },
      publicValue: { kind: "drand", ...quicknet, round },
    } as RoomSettings;
    await using kept = await keepRoom(settings, `http://127.0.0.1:${server.port}/`);
    kept.clock.nowMs = settings.closesAtMs!;
    expect((await kept.round()).root).toBeDefined();
    expect(asked).toEqual([]);
    expect(kept.health.at(-1)).toContain("waits for its public value");
    kept.clock.nowMs = roundMs;
    await kept.round();
    expect(asked).toEqual([`/${quicknet.chainHash}/public/${round}`]);
    expect(kept.health.at(-1)).toContain("the beacon answers 503");
    answer = [200, { round, signature: signature.replace(/^b4/, "a4") }];
    await kept.round();
    expect(asked).toHaveLength(1);
    kept.clock.nowMs += 2_000;
    expect((await kept.round()).publicValue).toBeUndefined();
    expect(kept.health.at(-1)).toContain("the beacon's answer is refused");
    answer = [200, { round, randomness: "00", signature }];
    kept.clock.nowMs += 2_000;
    expect(await kept.round()).toMatchObject({ publicValue: JSON.stringify({ kind: "drand", signature }) });
    expect((await kept.round()).seed).toBeDefined();
    expect(kept.health.at(-1)).toBe("ok");
  });

  test.each([
    ["draw", drawRoom],
    ["ballot", ballotRoom],
  ])("takes a %s that is witnessed long after the sale, and a week later anybody can check it", async (_mode, room) => {
    const key = new Uint8Array(32).fill(7);
    const witnesses = [{ name: "Notary", key: Buffer.from(blsPublicKey(key)).toString("hex") }];
    const publicValue = { kind: "witnesses", witnesses } as { kind: "witnesses" };
    await using kept = await keepRoom({ ...room, publicValue }, undefined, room.closesAtMs! + 1_000);
    kept.clock.nowMs = room.closesAtMs!;
    const { root } = await kept.round();
    const dayMs = 24 * 3_600_000;
    kept.clock.nowMs += 30 * dayMs;
    await kept.round();
    expect(kept.health.at(-1)).toContain("waits for its public value");
    const { rooms } = kept.ledger;
    const signatures = [signAsWitness(witnessMessage(kept.room.rulesHash, root!, sha256), key)];
    expect(await rooms.publish(kept.room.id, { kind: "witnesses", signatures })).toEqual({ kind: "written" });
    expect((await kept.round()).seed).toBeDefined();
    expect(kept.health.at(-1)).toBe("ok");
    // Gateways know it for as long after its draw as another one after the end of its sale.
    const isListed = async () => (await rooms.list(kept.clock.nowMs - knownAfterEndMs)).length === 1;
    kept.clock.nowMs += knownAfterEndMs - 1;
    expect(await isListed()).toBe(true);
    const state = (await rooms.state(kept.room.id))!;
    const text = await Array.fromAsync(discloseRoom(rooms, kept.room, state)!);
    const report = await verifyDraw(new Blob(text).stream());
    expect(report).toMatchObject({ verdict: "ok", drawn: 3 });
    kept.clock.nowMs += 1;
    expect(await isListed()).toBe(false);
  });

  test("asks for no value of a sale that was called off", async () => {
    const publicValue = { kind: "drand", ...quicknet, round } as RoomSettings["publicValue"];
    const roundMs = drandRoundTime({ ...quicknet, round });
    const settings = { ...drawRoom, opensAtMs: roundMs - 60_000, closesAtMs: roundMs - 30_000, publicValue };
    await using kept = await keepRoom(settings, undefined);
    kept.clock.nowMs = roundMs;
    await kept.round();
    expect(kept.health.at(-1)).toContain("waits for its public value");
    await kept.ledger.changes.change(kept.room.saleId, { kind: "cancel" }, { actor: "ada" });
    await kept.round();
    expect(kept.health.at(-1)).toBe("ok");
  });

  test("looks at a ballot's places every two seconds, also when the ledger's clock has been set back", async () => {
    await using kept = await keepRoom(ballotRoom);
    const passOn = kept.ledger.rooms.passOn.bind(kept.ledger.rooms);
    let looks = 0;
    kept.ledger.rooms.passOn = (roomId) => (looks++, passOn(roomId));
    kept.clock.nowMs = ballotRoom.closesAtMs!;
    await kept.round();
    const looked: number[] = [];
    for (const laterMs of [0, 1_999, 1, -60_000, 1_999, 1]) {
      kept.clock.nowMs += laterMs;
      await kept.round();
      looked.push(looks);
    }
    expect(looked).toEqual([1, 1, 2, 3, 3, 4]);
  });

  test("passes places on while the beacon of another room does not answer, and a third one cannot be read", async () => {
    const { promise: answer, resolve: letAnswer } = Promise.withResolvers<unknown>();
    const { promise: asked, resolve: noteAsked } = Promise.withResolvers<void>();
    const clock = { nowMs: queueRoom.opensAtMs };
    const ledger = await openTestLedger(() => clock.nowMs);
    const closesAtMs = queueRoom.opensAtMs + 1_000;
    const drand = { kind: "drand", ...quicknet, round: drandRoundAfter(quicknet, closesAtMs) } as const;
    const startsAtMs = closesAtMs;
    const rooms = [];
    for (const settings of [
      { ...drawRoom, opensAtMs: queueRoom.opensAtMs, closesAtMs },
      { ...drawRoom, opensAtMs: queueRoom.opensAtMs, closesAtMs, publicValue: drand },
      { ...queueRoom, useWithinMs: 1_000, admitPer1000Seconds: 1_000 },
    ]) {
      const { sale, products } = makeRoomSale(settings, { startsAtMs });
      await ledger.sales.create(sale, products);
      const room = (await ledger.rooms.find(sale.id))!;
      for (const name of "abcdefgh") await enter(ledger, room, name);
      rooms.push(room);
    }
    const [broken, , queue] = rooms;
    const state = ledger.rooms.state.bind(ledger.rooms);
    ledger.rooms.state = (id) => (id === broken!.id ? Promise.reject(new Error("a broken row")) : state(id));
    const beacon = { read: () => (noteAsked(), answer) };
    const health: string[] = [];
    const note = (why: string): void => void health.push(why);
    clock.nowMs = startsAtMs;
    const keeper = startRoomKeeper({
      ...{ rooms: ledger.rooms, beacon, logger: silentLogger, now: () => clock.nowMs, intervalMs: 1 },
      health: { ok: () => note("ok"), degraded: note, down: note },
    });
    await asked;
    clock.nowMs = startsAtMs + 1_500;
    while ((await state(queue!.id))!.beginsAtMs === undefined) await Bun.sleep(1);
    clock.nowMs += 2_500;
    while ((await state(queue!.id))!.passedOn === 0) await Bun.sleep(1);
    expect(health.at(-1)).toContain("a broken row");
    letAnswer(undefined);
    await keeper.stop();
    await ledger.close();
  });
});
