import { afterEach, expect, test } from "bun:test";
import { waitUntil } from "../../../../tools/test-services/index.ts";
import { hashSlot } from "../../../src/cluster/hash-slot.ts";
import { withFullDisk } from "../../crash/my-redis-process.ts";
import type { RespConnection } from "../../differential/harness/resp-connection.ts";
import { AgreedRing } from "./agreed-ring.ts";

let ring: AgreedRing;

afterEach(() => ring.stop());

const fullDiskKib = 96;
/** Random characters, which do not become fewer by compression. */
const valueOf = (key: string): string =>
  Array.from({ length: 16 }, (_, part) => new Bun.CryptoHasher("sha256").update(`${key}:${part}`).digest("hex")).join(
    "",
  );

/** A function that gives new keys of a node. */
async function keysOf(client: RespConnection): Promise<(node: number) => string> {
  const { items } = await client.reply("CLUSTER", "SLOTS");
  const spans = (items ?? []).map(({ items: span }) => ({
    ...{ start: Number(span?.[0]?.text), end: Number(span?.[1]?.text) },
    node: ring.ports.indexOf(Number(span?.[2]?.items?.[1]?.text)),
  }));
  const ownerOf = (key: string): number | undefined => {
    const slot = hashSlot(Buffer.from(key), 0, key.length);
    return spans.find(({ start, end }) => start <= slot && slot <= end)?.node;
  };
  let last = 0;
  return (node) => {
    for (;;) {
      const key = `key:${last++}`;
      if (ownerOf(key) === node) return key;
    }
  };
}

interface Pair {
  readonly keys: readonly string[];
  readonly isDone: boolean;
}

/** Pairs that are not written as their client was told. It asks again while a node cannot answer. */
async function brokenPairs(pairs: readonly Pair[]): Promise<string[]> {
  const client = await ring.connect(0);
  const broken: string[] = [];
  let left = pairs;
  const isAnswered = async (): Promise<boolean> => {
    const replies = await client.replies(left.map(({ keys }) => ["EXISTS", ...keys]));
    broken.push(
      ...left.flatMap(({ keys, isDone }, at) => {
        const { sign, text } = replies[at]!;
        return sign === "-" || text === (isDone ? "2" : "0") ? [] : [`${keys.join(", ")}: ${text} of them, ${isDone}`];
      }),
    );
    left = left.filter((_, at) => replies[at]?.sign === "-");
    return left.length === 0;
  };
  await waitUntil(isAnswered, { what: "all keys to be served", timeoutMs: 20_000 });
  client.close();
  return broken;
}

async function untilNoWriteIsOpen(node: number): Promise<void> {
  const isOver = async (): Promise<boolean> => {
    const info = await ring.ask(node, "INFO", "cluster").catch(() => "");
    return info.includes("cluster_transactions_open:0\r") && info.includes("cluster_locked_keys:0\r");
  };
  await waitUntil(isOver, { what: `node ${node} to have no open write`, timeoutMs: 20_000, intervalMs: 30 });
}

for (const role of ["home", "participant"] as const) {
  test(`a write is refused as a whole, with the reason, when the disk of its ${role} is full`, async () => {
    ring = await AgreedRing.start(2, 0, { "auto-aof-rewrite-percentage": "0" });
    await ring.kill(1);
    await ring.startNode(1, {}, withFullDisk(fullDiskKib));
    await ring.untilSettled(0, 2);
    const client = await ring.connect(0);
    const newKey = await keysOf(client);
    const pairs: Pair[] = [];
    let refusal: string | undefined;
    while (refusal === undefined && pairs.length < 2 * fullDiskKib) {
      const [own, full] = [newKey(0), newKey(1)];
      // The owner of the first key is the home.
      const keys = role === "home" ? [full, own] : [own, full];
      const { sign, text } = await client.reply("MSET", ...keys.flatMap((key) => [key, valueOf(key)]));
      if (sign === "-") refusal = text ?? "";
      pairs.push({ keys, isDone: sign !== "-" });
    }
    expect(refusal).toStartWith("MISCONF Errors writing to the AOF file");
    expect(pairs.length).toBeGreaterThan(10);
    await untilNoWriteIsOpen(0);
    expect(await brokenPairs(pairs)).toEqual([]);
    client.close();
    await ring.kill(1);
    await ring.startNode(1);
    await ring.untilSettled(0, 2);
    for (const node of [0, 1]) await untilNoWriteIsOpen(node);
    expect(await brokenPairs(pairs)).toEqual([]);
    expect(await ring.ask(0, "MSET", newKey(0), "value", newKey(1), "value")).toBe("OK");
  }, 60_000);
}
