import { afterEach, expect, test } from "bun:test";
import { mkdirSync, rmSync } from "node:fs";
import { RingInProcess } from "./ring-in-process.ts";

const dayMs = 86_400_000;
let ring: RingInProcess;

afterEach(() => ring.stop());

for (const which of ["primary", "replica"] as const) {
  test(`a ${which} that lost its folder, and whose clock is a day behind, is in sync again`, async () => {
    ring = await RingInProcess.start();
    const victim = which === "primary" ? ring.primary : (ring.primary + 1) % 3;
    const other = (victim + 1) % 3;
    const client = await ring.connect(other);
    expect((await client.reply("SET", "key", "value")).text).toBe("OK");
    await ring.nodes[victim]?.close();
    const folder = ring.folders[victim] as string;
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    const warnings: string[] = [];
    await ring.startNode(victim, {
      nowMs: () => Date.now() - dayMs,
      report: (_level, message) => void warnings.push(message),
    });
    await ring.until("to know", () => warnings.some((text) => text.includes("Is its clock behind?")));
    await ring.until("to have given it its data", () => {
      const status = ring.statusOf(victim);
      return status?.role === "replica" && status.dataEpoch > 0;
    });
    await ring.untilInSync();
    expect((await client.reply("GET", "key")).text).toBe("value");
    client.close();
  }, 60_000);
}
