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
    ...{ server, data: new DataEpoch(), cursors: new MoveCursors(), writes: new OpenWrites(), serves: () => false },
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
