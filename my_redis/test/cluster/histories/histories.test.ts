import { expect, test } from "bun:test";
import { openssl } from "../../tls/certificates.ts";
import { isolation } from "./cut-network.ts";

const mainFile = `${import.meta.dirname}/main.ts`;
/** RING_HISTORY_SECONDS=600 looks for longer. */
const secondsInAll = Number(process.env["RING_HISTORY_SECONDS"] ?? 75);
/** By the first seed appendfsync is everysec, by the second one always. */
const seeds = [11, 12, 13] as const;
/** The ring starts before it, and what was under way ends after it; then all histories are judged. */
const marginMs = 120_000;

async function run(seed: number, seconds: number, ...options: readonly string[]): Promise<string> {
  const words = [mainFile, "--seconds", `${seconds}`, "--seed", `${seed}`, ...options];
  const child = Bun.spawn([process.execPath, ...words], { stdout: "pipe", stderr: "pipe" });
  const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  console.log(output);
  expect(errors).toBe("");
  expect(await child.exited).toBe(0);
  return output;
}

test(
  "all that clients of a ring are told can be explained while its nodes are killed and frozen",
  async () => {
    const output = await run(seeds[0], secondsInAll / 4, "--no-network");
    expect(output).toMatch(/killed/);
  },
  secondsInAll * 1000 + marginMs,
);

test.skipIf(openssl === undefined)(
  "the same with links and replication over TLS, also while slots move (needs openssl)",
  async () => {
    const output = await run(seeds[0], secondsInAll / 5, "--no-network", "--tls", "--changes");
    expect(output).toMatch(/links over TLS/);
    expect(output).toMatch(/RING WEIGHTS [1-9]\d* begun/);
  },
  secondsInAll * 1000 + marginMs,
);

const isMissing = isolation() === undefined;

test.skipIf(isMissing)(
  `the same while links are cut in one or both directions, and a minority answers nothing${isMissing ? " (network namespaces are not permitted here)" : ""}`,
  async () => {
    const output = await run(seeds[1], secondsInAll / 2);
    // A minority was asked, so it could have answered.
    expect(Number(/; (\d+) operations at nodes that had to be silent/.exec(output)?.[1])).toBeGreaterThan(0);
  },
  secondsInAll * 1000 + marginMs,
);

test(
  "the same while slots move, places are handed over, and a place with a replica comes and goes",
  async () => {
    const output = await run(seeds[2], secondsInAll / 4, "--changes");
    expect(output).toMatch(/RING WEIGHTS [1-9]\d* begun/);
  },
  secondsInAll * 1000 + marginMs,
);
