import { afterAll, beforeAll, describe, test } from "bun:test";
import { propertySeed } from "../../../tools/property-seed.ts";
import { requireService } from "../../../tools/test-services/index.ts";
import { pairs, ReplicatedPair } from "./workload.ts";

const redis = requireService("redis");
/** `npm run replication` runs more. */
const workloads = 4;

for (const kinds of pairs) {
  describe.skipIf(redis.missing)(`${kinds.join(" → ")} over a bad link${redis.reason}`, () => {
    let pair: ReplicatedPair;
    beforeAll(async () => {
      pair = await ReplicatedPair.start(kinds);
    });
    afterAll(() => pair.close());

    for (let number = 0; number < workloads; number++) {
      test(`workload ${number}: the data is the same at the end`, () => pair.run(propertySeed() + number), 240_000);
    }
  });
}
