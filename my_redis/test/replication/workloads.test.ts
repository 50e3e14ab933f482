import { afterAll, beforeAll, describe, test } from "bun:test";
import { propertySeed } from "../../../tools/property-seed.ts";
import { requireService } from "../../../tools/test-services/index.ts";
import { pairs, ReplicatedPair } from "./workload.ts";

const redis = requireService("redis");
/** `npm run replication` runs more. */
const workloads = 4;

// TODO: MyRedis → MyRedis ends with different data for TEST_SEED=89097514, workload 0, when it runs in the same process
// after the other pairs; the cause is not known yet. `npm run replication` runs that pair, too.
for (const kinds of pairs.slice(0, 2)) {
  describe.skipIf(redis.missing)(`${kinds.join(" → ")} over a bad link${redis.reason}`, () => {
    let pair: ReplicatedPair;
    beforeAll(async () => {
      pair = await ReplicatedPair.start(kinds);
    });
    afterAll(() => pair.close());

    for (let number = 0; number < workloads; number++) {
      test(`workload ${number}: the data is the same at the end`, () => pair.run(propertySeed() + number), 90_000);
    }
  });
}
