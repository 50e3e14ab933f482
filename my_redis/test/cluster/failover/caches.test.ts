import { afterEach, expect, test } from "bun:test";
import type { RespConnection, Word } from "../../differential/harness/resp-connection.ts";
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

const script = "return redis.call('get', KEYS[1])";
/** Reads of a key. A transaction is judged again only when its slot is known to move; else it is refused. */
const reads: readonly { readonly words: readonly Word[][]; readonly onlyMoving?: boolean }[] = [
  { words: [["GET", "key"]] },
  { words: [["EVAL_RO", script, 1, "key"]] },
  { words: [["EVALSHA_RO", new Bun.CryptoHasher("sha1").update(script).digest("hex"), 1, "key"]] },
  { words: [["MULTI"], ["GET", "key"], ["EXEC"]], onlyMoving: true },
];

/** What one node sends another one for its clients waits until this is called. */
function delayRequests(from: number, to: number): () => void {
  const link = ring.clusterOf(from).links[to]!;
  const relay = link.relay.bind(link);
  const late: (() => void)[] = [];
  link.relay = (client, info, database, bytes, start, end) => {
    const copy = bytes.slice(start, end);
    late.push(() => relay(client, info, database, copy, 0, copy.length));
  };
  return () => {
    link.relay = relay;
    expect(late.length).toBeGreaterThan(0);
    for (const send of late) send();
  };
}

/** Takes replies until the last one, and gives the keys of which it was told after the one before it. */
async function toldAfter(reader: RespConnection, replies: number): Promise<(string | null | undefined)[]> {
  let told: (string | null | undefined)[] = [];
  for (let left = replies; left > 0;) {
    const reply = await reader.next();
    if (reply.sign === ">") told.push(...(reply.items?.[1]?.items ?? []).map(({ text }) => text));
    else if (--left > 0) told = [];
    expect(reply.sign).not.toBe("-");
  }
  return told;
}

for (const becomesOwner of [false, true]) {
  const owner = becomesOwner ? "the client's own node" : "another node";
  test(`what OPTIN selects is tracked when the request comes to its owner too late, and then ${owner} serves it`, async () => {
    // Long enough that no lease ends while the machine is busy.
    ring = await RingInProcess.start({ "cluster-node-timeout": "3000" });
    const former = ring.primary;
    const [node, other] = [(former + 1) % 3, (former + 2) % 3] as const;
    const [reader, writer] = await Promise.all([ring.connect(node), ring.connect(other)]);
    await reader.replies([
      ["HELLO", 3],
      ["SCRIPT", "LOAD", script],
      ["CLIENT", "TRACKING", "ON", "OPTIN"],
    ]);
    for (const isMoving of [false, true]) {
      ring.clusterOf(node).seat!.mover.isMoving = () => isMoving;
      for (const { words, onlyMoving } of reads) {
        if (onlyMoving === true && !isMoving) continue;
        await ring.handOver(former);
        const sendNow = delayRequests(node, former);
        reader.send(["CLIENT", "CACHING", "YES"], ...words);
        await ring.handOver(becomesOwner ? node : other);
        sendNow();
        await toldAfter(reader, 1 + words.length);
        expect((await writer.reply("SET", "key", "changed")).text).toBe("OK");
        reader.send(["GET", "settled"]);
        expect([words[0], isMoving, await toldAfter(reader, 1)]).toEqual([words[0], isMoving, ["key"]]);
        // That was for one command.
        expect((await writer.reply("SET", "settled", "changed")).text).toBe("OK");
        reader.send(["GET", "settled"]);
        expect(await toldAfter(reader, 1)).toEqual([]);
      }
    }
    for (const each of [reader, writer]) each.close();
  }, 60_000);
}
