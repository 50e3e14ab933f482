import { expect, test } from "bun:test";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../tools/test-services/index.ts";
import { SnapshotReceiver } from "../../src/replication/snapshot-receiver.ts";

test("a snapshot that cannot be removed is reported: its link must still end, and be made anew", () => {
  const folder = join(temporaryFolder("snapshot-receiver"), "data");
  mkdirSync(folder);
  const receiver = new SnapshotReceiver(join(folder, "snapshot"), 10);
  renameSync(folder, `${folder}.away`);
  writeFileSync(folder, "no folder any more");
  const reported: unknown[] = [];
  receiver.remove({ report: (...words) => void reported.push(words[0]) });
  expect(reported).toEqual(["warning"]);
});
