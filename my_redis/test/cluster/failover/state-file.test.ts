import { afterEach, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder, waitUntil } from "../../../../tools/test-services/index.ts";
import type { Durable } from "../../../src/cluster/agreement/durable.ts";
import { RingStateError, RingStateFile } from "../../../src/cluster/failover/ring-state-file.ts";
import { RingInProcess } from "./ring-in-process.ts";

let ring: RingInProcess | undefined;

afterEach(async () => {
  await ring?.stop();
  ring = undefined;
});

/** A folder in the place of the file that is to be written: as a full disk, also for a user who may do anything. */
const inTheWay = (folder: string): string => join(folder, "ring.state.new");

/** At a node that runs: a state may be on its way there at this moment. */
async function putInTheWay(folder: string): Promise<void> {
  const isThere = (): boolean => {
    try {
      mkdirSync(inTheWay(folder));
      return true;
    } catch {
      return false;
    }
  };
  await waitUntil(isThere, { what: "no state to be written", timeoutMs: 5_000, intervalMs: 1 });
}

test("a write that failed is tried again with the newest state, and counts only when the disk has it", async () => {
  const folder = temporaryFolder("ring-state");
  const events: string[] = [];
  const file = new RingStateFile(folder, "127.0.0.1:1", {
    failed: () => events.push("failed"),
    recovered: () => events.push("recovered"),
  });
  const table = { version: 0, voters: ["a"], formerVoters: undefined, acknowledgement: "replica", seats: [] } as const;
  const durable = (term: number): Durable => ({ run: 1, term, votedFor: undefined, stored: { term: 0, table } });
  file.writeNow(durable(1));
  mkdirSync(inTheWay(folder));
  file.write(durable(2), () => events.push("kept 2"));
  await waitUntil(() => file.isFailing, { what: "a failure", timeoutMs: 5000, intervalMs: 1 });
  file.write(durable(3), () => events.push("kept 3"));
  // Time for several attempts: each failure that is reported would be seen.
  await Bun.sleep(200);
  expect(events).toEqual(["failed"]);
  expect(file.read()?.term).toBe(1);
  rmdirSync(inTheWay(folder));
  await waitUntil(() => !file.isFailing, { what: "the end of it", timeoutMs: 5000, intervalMs: 1 });
  await waitUntil(() => events.length === 3, { what: "the news", timeoutMs: 5000, intervalMs: 1 });
  expect(events).toEqual(["failed", "recovered", "kept 3"]);
  expect(file.read()?.term).toBe(3);
});

test("a file that was cut off or damaged anywhere is refused, and never read as something else", () => {
  const folder = temporaryFolder("ring-state");
  const file = new RingStateFile(folder, "a", { failed: () => {}, recovered: () => {} });
  const table = { version: 3, voters: ["a"], formerVoters: undefined, acknowledgement: "replica", seats: [] } as const;
  file.writeNow({ run: 1, term: 5, votedFor: "b", stored: { term: 4, table } });
  const whole = readFileSync(file.path);
  const kept = file.read();
  for (let at = 0; at < whole.length; at++) {
    const damaged = Buffer.from(whole);
    damaged[at] = (whole[at] as number) ^ 1;
    for (const bytes of [whole.subarray(0, at), damaged]) {
      writeFileSync(file.path, bytes);
      // Only the line end behind the content may be missing.
      if (at === whole.length - 1 && bytes.length === at) expect(file.read()).toEqual(kept);
      else expect(() => file.read()).toThrow(RingStateError);
    }
  }
});

test("a ring whose disks are full while its primary goes decides when there is room again, and INFO shows it", async () => {
  const lines: string[] = [];
  const report = (_level: string, message: string): void => {
    if (message.startsWith("ring.state")) lines.push(message);
  };
  ring = await RingInProcess.start({}, { report });
  const former = ring.primary;
  const others = [0, 1, 2].filter((node) => node !== former);
  for (const node of others) await putInTheWay(ring.folders[node] as string);
  ring.silence(former);
  const isFailing = (node: number): boolean => ring?.statusOf(node)?.stateFile === "failing";
  await ring.until("to have a node that cannot vote", () => others.some(isFailing));
  const failing = others.find(isFailing) as number;
  const client = await ring.connect(failing);
  for (const command of [
    ["INFO", "cluster"],
    ["CLUSTER", "INFO"],
  ]) {
    expect((await client.reply(...(command as [string, string]))).text).toContain("cluster_state_file:failing");
  }
  expect(others).not.toContain(ring.primary);
  for (const node of others) rmdirSync(inTheWay(ring.folders[node] as string));
  const isElsewhere = (): boolean => others.includes(ring?.primary as number);
  await ring.until("to be served by another node", isElsewhere);
  expect((await client.reply("SET", "key", "value")).text).toBe("OK");
  expect((await client.reply("INFO", "cluster")).text).toContain("cluster_state_file:ok");
  // One line where it begins, and one where it ends, however often it was tried.
  const count = (text: string): number => lines.filter((line) => line.includes(text)).length;
  await ring.until("to have said so", () => count("can be written again") === count("cannot be written"));
  expect(count("cannot be written")).toBeWithin(1, others.length + 1);
  client.close();
}, 30_000);
