import { expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { configFolder, runProgram, startProgram } from "./program.ts";

const timeoutMs = 60_000;

test(
  "status says what runs and what is on sale, and what is missing after the end",
  async () => {
    const { configFile } = configFolder();
    const early = await runProgram(["status", "--config", configFile]);
    expect([early.code, early.stderr]).toEqual([2, expect.stringContaining("seckill migrate")]);

    const { process } = await startProgram(configFile);
    const status = async () => {
      const { code, stdout } = await runProgram(["status", "--config", configFile, "--json"]);
      return { code, ...(JSON.parse(stdout) as { processes: object[]; sales: object[]; attention: string[] }) };
    };
    await waitUntil(async () => (await status()).code === 0, { what: "the system to be in order", timeoutMs: 20_000 });
    expect(await status()).toMatchObject({
      processes: [{ role: "all", troubles: [] }],
      sales: [{ id: "demo" }],
      dead_letters: 0,
      held_refunds: 0,
      attention: [],
    });
    const { stdout } = await runProgram(["status", "--config", configFile]);
    expect(stdout).toContain("All is in order");
    expect(stdout).not.toContain("\x1b");

    await process.stop();
    expect(await status()).toMatchObject({ code: 1, processes: [], attention: ["no process is running"] });
  },
  timeoutMs,
);
