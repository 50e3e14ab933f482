import { expect, test } from "bun:test";
import { propertySeed } from "../../../../tools/property-seed.ts";
import { SeededRandom } from "../../../../tools/seeded-random.ts";
import type { Word } from "../../differential/harness/resp-connection.ts";
import { type MemoryRing, startMemoryRing } from "../memory-ring.ts";
import { CachingReader, type ReaderKind } from "./caching-reader.ts";
import { tagOfEachNode } from "./tagged-steps.ts";

const kinds: readonly ReaderKind[] = ["default", "opt-in", "broadcast", "redirected"];
const keyCount = 24;
const reads = 120;

/** One change of one or several keys, by any way that there is. */
function change(random: SeededRandom, tags: readonly string[], value: string): Word[][] {
  const key = (): string => keyOf(random, tags);
  const one = key();
  switch (random.below(8)) {
    case 0:
      return [["MSET", key(), value, key(), value]];
    case 1:
      return [["DEL", key(), key()]];
    case 2:
      return [["UNLINK", key(), key()]];
    case 3:
      return [["MULTI"], ["SET", one, value], ["EXEC"]];
    case 4:
      return [["EVAL", "return redis.call('SET', KEYS[1], ARGV[1])", 1, one, value]];
    case 5:
      return [["SET", one, value, "PX", 5]];
    case 6:
      return random.oneIn(20) ? [["FLUSHALL"]] : [["RENAME", one, key()]];
    default:
      return [["SET", one, value]];
  }
}

const keyOf = (random: SeededRandom, tags: readonly string[]): string =>
  `{${random.pick(tags)}}key${random.below(keyCount)}`;

async function expectFresh(
  ring: MemoryRing,
  readers: readonly CachingReader[],
  tags: readonly string[],
): Promise<void> {
  const control = await ring.connect(0);
  // Keys whose time is over are told of when they are deleted, at the latest when they are read.
  await control.replies(
    tags.flatMap((tag) => Array.from({ length: keyCount }, (_, at) => ["GET", `{${tag}}key${at}`])),
  );
  for (const reader of readers) await reader.settle(tags.map((tag) => `{${tag}}settled`));
  const stale: string[] = [];
  for (const reader of readers) {
    for (const [key, value] of reader.kept) {
      const { text } = await control.reply("GET", key);
      if (text !== value) stale.push(`${reader.kind}: ${key} is ${text}, and not ${value}`);
    }
  }
  control.close();
  expect(stale).toEqual([]);
}

test("no client keeps an old value, whatever changes it, while links break", async () => {
  const ring = await startMemoryRing(3);
  const seed = propertySeed();
  const tags = tagOfEachNode(ring);
  const readers = await Promise.all(
    ring.nodes.flatMap((_, node) => kinds.map((kind) => CachingReader.open(kind, () => ring.connect(node)))),
  );
  const writers = await Promise.all(ring.nodes.map((_, node) => ring.connect(node)));
  for (let round = 0; round < 3; round++) {
    let working = true;
    const whileWorking = async (work: (random: SeededRandom) => Promise<void>, salt: number): Promise<void> => {
      const random = new SeededRandom(seed + 100 * round + salt);
      while (working) await work(random);
    };
    const others = [
      ...writers.map((writer, at) =>
        whileWorking(async (random) => {
          await writer.replies(change(random, tags, `${round}:${at}:${random.below(1e9)}`));
        }, at),
      ),
      whileWorking(async (random) => {
        await Bun.sleep(5 + random.below(20));
        // The first round shows that nothing is told in vain: no link breaks.
        if (round === 0) return;
        for (const link of [...random.pick(ring.nodes).server.parts.cluster!.incoming.links]) {
          if (random.oneIn(2)) link.end("the test breaks it");
        }
      }, 50),
    ];
    await Promise.all(
      readers.map(async (reader, at) => {
        const random = new SeededRandom(seed + 1000 * (round + 1) + at);
        for (let read = 0; read < reads; read++) {
          await reader.read(Array.from({ length: random.oneIn(4) ? 3 : 1 }, () => keyOf(random, tags)));
        }
      }),
    );
    working = false;
    await Promise.all(others);
    await expectFresh(ring, readers, tags);
  }
  for (const { hits, changes, flushes } of readers) {
    for (const count of [hits, changes, flushes]) expect(count).toBeGreaterThan(0);
  }
  for (const each of [...readers, ...writers]) each.close();
  await ring.close();
}, 60_000);
