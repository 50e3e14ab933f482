import { describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import type { RoomSettings } from "../../src/domain/room.ts";
import { silentLogger } from "../../src/logging/logger.ts";
import { startRoomKeeper } from "../../src/rooms/room-keeper.ts";
import { RoomService } from "../../src/rooms/room-service.ts";
import { drawRoom, enter, entryOf, makeRoomSale, usePlace } from "../contract/ledger/room-fixtures.ts";
import { openWithRoles } from "./ledger-with-roles.ts";

const mariadb = requireService("mariadb");

describe.skipIf(mariadb.missing)(`waiting rooms with the rights of docs/sale.md${mariadb.reason}`, () => {
  test("every role may do its part: publish, enter, draw, hold, use a place and pass it on", async () => {
    await using shop = await openWithRoles();
    const [gateway, sweeper, admin] = [shop.as("gateway"), shop.as("sweeper"), shop.as("admin")];
    const nowMs = Date.now();
    const closesAtMs = nowMs + 2_000;
    const settings: RoomSettings = { ...drawRoom, opensAtMs: nowMs - 1_000, closesAtMs, useWithinMs: 1_000 };
    const { sale, products } = makeRoomSale(settings, { startsAtMs: closesAtMs });
    await admin.changes.create(sale, products, { actor: "Ada", state: "published" });
    const room = (await gateway.rooms.find(sale.id))!;
    for (const name of ["ada", "bob"]) await enter(gateway, room, name);
    const keeper = startRoomKeeper({ rooms: sweeper.rooms, logger: silentLogger, now: Date.now, intervalMs: 50 });
    const until = async (isSo: (state: NonNullable<Awaited<ReturnType<typeof gateway.rooms.state>>>) => boolean) => {
      while (!isSo((await gateway.rooms.state(room.id))!)) await Bun.sleep(20);
    };
    await until(({ beginsAtMs }) => beginsAtMs !== undefined);
    const service = new RoomService(admin);
    await service.change(sale.id, { kind: "rate", per1000Seconds: 2_000_000 }, "Ada");
    await service.change(sale.id, { kind: "hold" }, "Ada");
    expect(await service.change(sale.id, { kind: "open" }, "Ada")).toMatchObject({ phase: "admitting" });
    // Windows are short here, so the machine may be too slow for one of them.
    for (let place = 0; (await usePlace(gateway, room, place)).kind !== "used"; await Bun.sleep(20)) {
      place = entryOf(await enter(gateway, room, `late-${place}`)).number;
    }
    await until(({ judged, line }) => judged === line.entries);
    expect(entryOf(await enter(gateway, room, "last")).number).toBeGreaterThan(3);
    await keeper.stop();
    for (const ledger of [gateway, sweeper, admin]) await ledger.close();
  }, 60_000);
});
