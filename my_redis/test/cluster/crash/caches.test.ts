import { afterAll, beforeAll, expect, test } from "bun:test";
import { CachingReader } from "../relay/caching-reader.ts";
import { RingOfProcesses } from "./ring-of-processes.ts";

const keys = Array.from({ length: 60 }, (_, at) => `key${at}`);
let ring: RingOfProcesses;

beforeAll(async () => {
  ring = await RingOfProcesses.start(3, { appendonly: "yes", "cluster-node-timeout": "2000" });
}, 30_000);

afterAll(() => ring.stop());

test("caches are told when the owner of their keys is killed, and hear of changes from the one that is started again", async () => {
  const owner = ring.ownerOf("key0");
  const home = (owner + 1) % 3;
  const kinds = ["default", "opt-in", "broadcast", "redirected"] as const;
  const readers = await Promise.all(kinds.map((kind) => CachingReader.open(kind, () => ring.connect(home))));
  const writer = await ring.connect((owner + 2) % 3);
  await writer.reply("MSET", ...keys.flatMap((key) => [key, "first"]));
  for (const reader of readers) for (const key of keys) await reader.read([key]);
  const settled = keys.slice(0, 20);
  for (const reader of readers) await reader.settle(settled);
  for (const { kept, kind } of readers) expect([kind, kept.length]).toEqual([kind, keys.length]);

  await ring.kill(owner, "SIGKILL");
  await ring.startNode(owner);
  await ring.untilWhole();
  // Requests of the writer reach the owner over a link of their own: the readers' links may still be down.
  await writer.reply("MSET", ...keys.flatMap((key) => [key, "second"]));
  for (const reader of readers) await reader.settle(settled);
  for (const { kept } of readers) expect(kept.filter(([, value]) => value !== "second")).toEqual([]);

  for (const reader of readers) for (const key of keys) await reader.read([key]);
  await writer.reply("MSET", ...keys.flatMap((key) => [key, "third"]));
  for (const reader of readers) await reader.settle(settled);
  for (const { kept } of readers) expect(kept).toEqual([]);
  for (const each of [...readers, writer]) each.close();
}, 30_000);
