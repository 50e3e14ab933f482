import { afterEach, expect, test } from "bun:test";
import { cpSync, rmSync } from "node:fs";
import { temporaryFolder } from "../../../../tools/test-services/index.ts";
import { RingInProcess } from "./ring-in-process.ts";

const testTimeoutMs = 60_000;
let ring: RingInProcess;

afterEach(() => ring.stop());

function replaceFolder(target: string, source: string): void {
  rmSync(target, { recursive: true });
  cpSync(source, target, { recursive: true });
}

test("a node does not start with the folder of another node: it would forget its own votes, and repeat those of the other", async () => {
  ring = await RingInProcess.start();
  const [victim, other] = [0, 1];
  await Promise.all([victim, other].map((node) => ring.nodes[node]?.close()));
  replaceFolder(ring.folders[victim] as string, ring.folders[other] as string);
  const refusal = ring.startNode(victim).then(
    () => "it started",
    (error: Error) => error.message,
  );
  expect(await refusal).toMatch(/ring\.state: it is that of node 127\.0\.0\.1:\d+, and this is 127\.0\.0\.1:\d+/);
}, testTimeoutMs);

test("a primary whose folder was restored from a backup does not go on as the run that the ring relies on", async () => {
  ring = await RingInProcess.start({ "cluster-node-timeout": "1000" });
  // Each start has the number after that in its folder, so that a start from a copy could have the number of a later one.
  const victim = ring.primary;
  await ring.nodes[victim]?.close();
  const backup = temporaryFolder("backup");
  cpSync(ring.folders[victim] as string, backup, { recursive: true });
  await ring.startNode(victim);
  await ring.untilInSync();
  for (let moves = 0; ring.primary !== victim && moves < 5; moves++) {
    const former = ring.primary;
    await ring.nodes[former]?.close();
    await ring.until("to be served by another node", () => ![former, -1].includes(ring.primary));
    await ring.startNode(former);
    await ring.untilInSync();
  }
  expect(ring.primary).toBe(victim);
  const other = (victim + 1) % 3;
  const client = await ring.connect(other);
  expect((await client.reply("SET", "key", "acknowledged")).text).toBe("OK");
  await ring.nodes[victim]?.close();
  replaceFolder(ring.folders[victim] as string, backup);
  await ring.startNode(victim);
  await ring.untilInSync();
  expect((await client.reply("GET", "key")).text).toBe("acknowledged");
  client.close();
}, testTimeoutMs);
