import { expect, test } from "bun:test";
import { RoomFollower } from "../../src/gateway/room-follower.ts";
import type { LedgerRooms, Room, RoomEntry, RoomState } from "../../src/ledger/rooms.ts";
import { silentLogger } from "../../src/logging/logger.ts";
import { systemClock } from "../../src/time/clock.ts";

const bytes = new Uint8Array(32);
const room = { id: 1, saleId: "spring", mode: "draw", rulesHash: bytes, useWithinMs: 1_000 } as Room;
const line = { entries: 1, head: bytes };
const state = { nowMs: 0, line, drawn: line, seed: bytes, beginsAtMs: 0, revision: 1 } as RoomState;
const entry: RoomEntry = { number: 1, pseudonym: new Uint8Array(16), enteredAtMs: 0 };

test("a gateway that cannot read the drawn entries says so, and tries again", async () => {
  const told: string[] = [];
  let problem: Error | undefined = new Error("no answer");
  const note = (text = "ok"): void => void told.push(text);
  const follower = new RoomFollower({
    ...systemClock,
    rooms: {
      list: async () => [{ room, endsAtMs: Infinity, isCancelled: false }],
      state: async () => state,
      steps: async () => [],
      entries: async () => {
        if (problem !== undefined) throw problem;
        return [entry];
      },
    } as unknown as LedgerRooms,
    health: { ok: note, degraded: note, down: note },
    logger: silentLogger,
    maxRooms: 1,
  });
  await follower.read();
  await Bun.sleep(0);
  await follower.read();
  expect(told.at(-1)).toBe("the places of the room of sale spring are not known here: Error: no answer");
  problem = undefined;
  await Bun.sleep(0);
  await follower.read();
  await Bun.sleep(0);
  await follower.read();
  expect(told.at(-1)).toBe("ok");
  expect(follower.of("spring")?.placeOf(1)).toBe(1);
});
