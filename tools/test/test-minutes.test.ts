import { expect, test } from "bun:test";
import { join } from "node:path";
import { startProcess } from "../test-services/index.ts";
import { testMinutes } from "../test-minutes.ts";

test.each([
  [undefined, 15],
  ["", 15],
  ["1", 1],
  ["7.5", 7.5],
  ["1440", 1440],
])("TEST_MINUTES=%s gives the tests %d minutes", (text, minutes) => {
  expect(testMinutes(text)).toBe(minutes);
});

test.each(["0", "0.5", "-1", "1441", "1e2", "ten", " 5", "5 minutes"])("TEST_MINUTES=%s is refused", (text) => {
  expect(() => testMinutes(text)).toThrow(`from 1 to 1440, not ${JSON.stringify(text)}`);
});

test("npm test with a bad TEST_MINUTES says so and runs nothing", async () => {
  const runTests = join(import.meta.dir, "../run-tests.ts");
  const started = await startProcess({ cmd: [process.execPath, runTests, "hash_ring"], env: { TEST_MINUTES: "soon" } });
  expect((await started.exited).code).toBe(2);
  expect(started.stderr()).toBe('TEST_MINUTES is a number of minutes from 1 to 1440, not "soon"\n');
  expect(started.stdout()).toBe("");
});
