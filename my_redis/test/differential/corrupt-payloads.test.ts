import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { SeededRandom } from "../../../tools/seeded-random.ts";
import { corrupt, validPayloads } from "./corrupt-payloads.ts";
import { sides, type StartedPair, startPair } from "./harness/start-pair.ts";

const redis = requireService("redis");
/** More for a longer search: CORRUPT_PAYLOADS=2000 CORRUPT_SEED=7. */
const casesOfPayload = Number(process.env["CORRUPT_PAYLOADS"] ?? 60);
const firstSeed = Number(process.env["CORRUPT_SEED"] ?? 1);
const footerBytes = 10;

describe.skipIf(redis.missing)(`RESTORE of payloads with changed bytes${redis.reason}`, () => {
  let pair: StartedPair;
  let payloads: Map<string, Buffer>;

  beforeAll(async () => {
    pair = await startPair({ flags: { "enable-debug-command": "yes", "sanitize-dump-payload": "yes" } });
    payloads = await validPayloads(pair.control["redis-server"]);
  });
  afterAll(() => pair.close());

  const skipChecksums = async (skips: "0" | "1"): Promise<void> => {
    for (const side of sides) await pair.control[side].reply("DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", skips);
  };

  /** "refused", or the digest of the value that was accepted, on each server. */
  const outcomes = (payload: Buffer): Promise<string[]> =>
    Promise.all(
      sides.map(async (side) => {
        const [reply, digest] = await pair.control[side].replies([
          ["RESTORE", "k", "0", payload, "REPLACE"],
          ["DEBUG", "DIGEST-VALUE", "k"],
          ["DEL", "k"],
        ]);
        return reply?.sign === "-" ? "refused" : (digest?.items?.[0]?.text ?? "");
      }),
    );

  test("DEBUG SET-SKIP-CHECKSUM-VALIDATION lets a wrong checksum pass", async () => {
    const payload = Buffer.from(payloads.get("string 0") as Buffer);
    payload[payload.length - 1] = (payload.at(-1) as number) ^ 1;
    await skipChecksums("0");
    expect(await outcomes(payload)).toEqual(["refused", "refused"]);
    await skipChecksums("1");
    const [mine, theirs] = await outcomes(payload);
    expect(mine).not.toBe("refused");
    expect(mine).toBe(theirs);
  });

  test("is accepted with the same value, or refused, as by redis-server", async () => {
    await skipChecksums("1");
    const different: string[] = [];
    let accepted = 0;
    let seed = firstSeed;
    for (const [name, payload] of payloads) {
      const random = new SeededRandom(seed++);
      for (let number = 0; number < casesOfPayload; number++) {
        const changed = corrupt(payload, random);
        const [mine, theirs] = await outcomes(changed);
        if (theirs !== "refused") accepted++;
        if (mine === theirs) continue;
        // Redis takes streams with entries out of order, or with another number of entries than they have.
        if (name.startsWith("stream") && mine === "refused") continue;
        const hex = changed.subarray(0, changed.length - footerBytes).toString("hex");
        different.push(`${name} (seed ${seed - 1}): ${mine} here, ${theirs} in redis-server: ${hex}`);
      }
    }
    expect(different).toEqual([]);
    // The search would be worthless if nothing got through.
    expect(accepted).toBeGreaterThan(payloads.size * 2);
  }, 600_000);
});
