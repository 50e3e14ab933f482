import { afterEach, expect, test } from "bun:test";
import { CachingReader } from "../relay/caching-reader.ts";
import { RingInProcess } from "./ring-in-process.ts";

let ring: RingInProcess;

afterEach(() => ring.stop());

test("a place that moves leaves no old value in a cache, also through links that never broke", async () => {
  ring = await RingInProcess.start();
  const former = ring.primary;
  const elsewhere = (former + 1) % 3;
  const readers = await Promise.all(
    [former, elsewhere].flatMap((node) =>
      (["default", "broadcast", "redirected"] as const).map((kind) =>
        CachingReader.open(kind, () => ring.connect(node)),
      ),
    ),
  );
  const links = [...ring.clusterOf(former).incoming.links];
  for (const reader of readers) await reader.read(["key"]);
  expect(readers.map(({ flushes, kept }) => [flushes, kept.length])).toEqual(readers.map(() => [0, 1]));

  ring.silence(former);
  await ring.until("to have moved", () => ring.primary >= 0 && ring.primary !== former);
  await ring.until("to be followed", () => ring.statusOf(former)?.role === "replica");
  await ring.until("to be known", () => ring.clusterOf(elsewhere).members.primaries[0] === ring.primary);
  expect(links.every(({ state }) => state === "up")).toBe(true);
  for (const reader of readers) await reader.settle(["settled"]);
  expect(readers.map(({ flushes, kept }) => [flushes > 0, kept.length])).toEqual(readers.map(() => [true, 0]));

  // From now on the new primary tells what changes.
  const writer = await ring.connect(former);
  for (const reader of readers) await reader.read(["key"]);
  expect((await writer.reply("SET", "key", "changed")).text).toBe("OK");
  for (const reader of readers) await reader.settle(["settled"]);
  expect(readers.flatMap(({ kept }) => kept)).toEqual([]);
  for (const each of [...readers, writer]) each.close();
}, 30_000);

test("a primary that has lost its lease tells its readers that keys may have changed, before it knows who follows", async () => {
  ring = await RingInProcess.start();
  const { primary } = ring;
  const reader = await CachingReader.open("default", () => ring.connect(primary));
  await reader.read(["key"]);
  for (const node of ring.nodes.keys()) ring.silence(node);
  await ring.until("to have lost the lease", () => ring.primary < 0);
  await reader.untilFlushed();
  expect(reader.kept).toEqual([]);
  reader.close();
}, 30_000);
