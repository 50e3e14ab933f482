import { describe, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { expectSame } from "./harness/index.ts";

const redis = requireService("redis");

describe.skipIf(redis.missing)(`string commands answer as redis-server does${redis.reason}`, () => {
  test("GET gives what SET stored", () =>
    expectSame(
      [
        ["SET", "k", "v"],
        ["GET", "k"],
        ["GET", "none"],
      ],
      { compareData: false },
    ));
});
