import { expect, test } from "bun:test";
import { SeenKeys } from "../../../src/persistence/rdb/seen-keys.ts";

test("each key of each database is seen once, however many there are", () => {
  let state = 1;
  const random = (): number => (state = (state * 48_271) % 0x7fffffff) / 0x7fffffff;
  const seen = new SeenKeys(random);
  const added = (database: number): number => {
    let count = 0;
    for (let number = 0; number < 200_000; number++) {
      const key = Buffer.from(`key:${number}`);
      if (seen.add(database, key, 0, key.length)) count++;
    }
    return count;
  };
  expect([added(0), added(1), added(0), added(1)]).toEqual([200_000, 200_000, 0, 0]);
});
