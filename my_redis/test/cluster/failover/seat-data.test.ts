import { expect, test } from "bun:test";
import { MoveCursors } from "../../../src/cluster/moving/move-cursors.ts";
import { OpenWrites } from "../../../src/cluster/seat-transaction/open-writes.ts";
import { DataEpoch } from "../../../src/cluster/failover/data-epoch.ts";
import { SeatData } from "../../../src/cluster/failover/seat-data.ts";
import type { Services } from "../../../src/dispatch/context.ts";

test("with appendfsync always a replica claims nothing that the log has only gathered, and all once it is on the disk", () => {
  let gathered = 0;
  const progress = { written: 0, synced: 0 };
  const replication = { offset: 0, waitForRole: () => {} };
  const server = {
    replication,
    settings: { values: { appendfsync: "always" } },
    changes: {
      flush: () => {
        progress.written += gathered;
        gathered = 0;
      },
    },
    storage: { log: { progress } },
  } as unknown as Services;
  const claimed: number[] = [];
  const seat = new SeatData({
    ...{
      server,
      data: new DataEpoch(),
      cursors: new MoveCursors(),
      writes: new OpenWrites(),
      serves: () => false,
      hasSlots: () => true,
    },
    moved: (_position, kept) => claimed.push(kept.offset),
    confirmed: () => {},
  });
  seat.start();
  // A chunk of the primary's stream was applied, in a turn that has not ended yet.
  replication.offset = 100;
  gathered = 30;
  seat.update();
  expect(claimed).toEqual([0]);
  progress.synced = 30;
  seat.update();
  expect(claimed).toEqual([0, 100]);
});

test("a copy whose log cannot be written claims nothing more, and all of it when the log has it", () => {
  const replication = { offset: 0, waitForRole: () => {} };
  const changes = { flush: () => {}, failure: undefined as string | undefined };
  const log = { progress: { written: 0, synced: 0 } as { written: number; synced: number } | undefined };
  const settings = { values: { appendfsync: "everysec" } };
  const server = { replication, changes, settings, storage: { log } } as unknown as Services;
  const claimed: [number, boolean][] = [];
  const seat = new SeatData({
    ...{ server, data: new DataEpoch(), cursors: new MoveCursors(), writes: new OpenWrites() },
    ...{ serves: () => false, hasSlots: () => true },
    moved: (_position, kept, diskFails) => claimed.push([kept.offset, diskFails]),
    confirmed: () => {},
  });
  seat.start();
  replication.offset = 100;
  seat.update();
  log.progress = undefined;
  changes.failure = "MISCONF";
  replication.offset = 200;
  seat.update();
  expect(seat.isLogged).toBe(false);
  log.progress = { written: 200, synced: 0 };
  changes.failure = undefined;
  seat.update();
  expect(claimed).toEqual([
    [100, false],
    [100, true],
    [200, false],
  ]);
  expect(seat.isLogged).toBe(true);
});

test("a new primary counts nothing of its epoch as kept before its disk knows the epoch", async () => {
  let onDisk = (): void => {};
  const log = {
    isOn: true,
    progress: { written: 0, synced: 0 },
    sync: () => new Promise<void>((resolve) => (onDisk = resolve)),
  };
  const server = {
    replication: { offset: 100, waitForRole: () => {}, serveInRing: () => {} },
    settings: { values: { appendfsync: "everysec" } },
    changes: { beginUnit: () => {}, append: () => {}, endUnit: () => {}, flush: () => {} },
    storage: { log },
  } as unknown as Services;
  const kept: number[] = [];
  const { promise, resolve: confirmed } = Promise.withResolvers<void>();
  const seat = new SeatData({
    ...{ server, data: new DataEpoch(), cursors: new MoveCursors(), writes: new OpenWrites() },
    ...{ serves: () => true, hasSlots: () => true, confirmed },
    moved: (_position, { epoch }) => kept.push(epoch),
  });
  seat.start();
  seat.begin(7);
  expect(seat.position).toEqual({ epoch: 7, offset: 100 });
  expect(kept).toEqual([0]);
  onDisk();
  await promise;
  seat.update();
  expect(kept).toEqual([0, 7]);
});
