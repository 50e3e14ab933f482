import { repositoryFiles } from "./source-files.ts";

/** Tests that kill, freeze and starve real processes, or run whole crowds and simulations: minutes in all. */
const longTests = [
  /\/test\/faults\//,
  /\/test\/crash\//,
  /\/test\/damage\//,
  /\/test\/snapshot-walk\//,
  /\/test\/simulation\//,
  /\/test\/cluster\/crash\//,
  /\/test\/cluster\/histories\//,
  /\/test\/deploy\/alerts-of-faults/,
  /\/test\/roles\/(sale-command|whole-system)/,
  /\/test\/ledger-gate\/(whole-sale|killed-processes)/,
  /\/test\/queue\/rabbitmq-faults/,
];

/** They judge what other tests have done, and run after them. */
const lastTests = ["my_redis/test/differential/table/every-command.test.ts"];

/**
 * The files of `npm test`, or those of `npm run test:long`: every test is in one of them. Those of a step run after those
 * of the step before.
 */
export function testSteps(piece: "short" | "long"): readonly (readonly string[])[] {
  const isLong = (path: string): boolean => longTests.some((pattern) => pattern.test(path));
  const files = repositoryFiles().filter((path) => path.endsWith(".test.ts") && isLong(path) === (piece === "long"));
  const isLast = (path: string): boolean => lastTests.includes(path);
  const steps = [files.filter((path) => !isLast(path)), files.filter(isLast)];
  return steps.filter((step) => step.length > 0);
}
