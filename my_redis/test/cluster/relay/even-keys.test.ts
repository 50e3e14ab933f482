import { expect, test } from "bun:test";
import { HashRing, slotTable } from "hash-ring";
import { startMemoryRing } from "../memory-ring.ts";

const keyCount = 100_000;
const batchSize = 1_000;
const connectionCount = 20;

test("100,000 keys written by a plain client through one node are read by another through a second", async () => {
  const ring = await startMemoryRing(3);
  const shares = Array.from({ length: connectionCount }, (_, share) => share);
  // Several connections, because requests of one connection for different nodes wait for each other.
  await Promise.all(
    shares.map(async (share) => {
      const [writer, reader] = [await ring.connect(0), await ring.connect(1)];
      for (let from = share * batchSize; from < keyCount; from += batchSize * connectionCount) {
        const numbers = Array.from({ length: batchSize }, (_, at) => from + at);
        const written = await writer.replies(numbers.map((number) => ["SET", `key:${number}`, `value ${number}`]));
        expect(written.every(({ text }) => text === "OK")).toBe(true);
        const read = await reader.replies(numbers.map((number) => ["GET", `key:${number}`]));
        expect(read.every(({ text }, at) => text === `value ${numbers[at]}`)).toBe(true);
      }
      for (const connection of [writer, reader]) connection.close();
    }),
  );
  const held = ring.nodes.map(({ server }) => server.keyspace.database(0).keys.size);
  expect(held.reduce((sum, count) => sum + count, 0)).toBe(keyCount);
  // How evenly the slots are spread depends on the nodes' random names. So each node's share of keys is compared with
  // its slots.
  const owners = slotTable(new HashRing(ring.names));
  const sorted = [...ring.names].sort();
  for (const [node, name] of ring.names.entries()) {
    const index = sorted.indexOf(name);
    const share = owners.filter((owner) => owner === index).length / owners.length;
    expect(Math.abs((held[node] as number) / (keyCount * share) - 1)).toBeLessThan(0.05);
  }
  await ring.close();
}, 60_000);

test("the slots of three nodes are within 10% of even", () => {
  for (let port = 7000; port < 7300; port += 3) {
    const names = [port, port + 1, port + 2].map((number) => `127.0.0.1:${number}`);
    const owners = slotTable(new HashRing(names));
    for (const index of names.keys()) {
      const share = owners.filter((owner) => owner === index).length / owners.length;
      expect(Math.abs(share * names.length - 1)).toBeLessThan(0.1);
    }
  }
});
