import { expect, test } from "bun:test";
import { repositoryFiles } from "../source-files.ts";
import { testSteps } from "../test-pieces.ts";

test("every test file is run by npm test or by npm run test:long, and by one of them", () => {
  const [short, long] = [testSteps("short").flat(), testSteps("long").flat()];
  const all = repositoryFiles().filter((path) => path.endsWith(".test.ts"));
  expect([...short, ...long].toSorted()).toEqual(all.toSorted());
  expect(short).toContain("tools/test/test-pieces.test.ts");
  expect(long.some((path) => path.startsWith("seckill_mysense/test/faults/"))).toBe(true);
});
