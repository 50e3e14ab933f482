import { repositoryFiles } from "./source-files.ts";

/** Tests that kill, freeze and starve real processes, or run whole crowds and simulations: minutes in all. */
const longTests = [
  /\/test\/faults\//,
  /\/test\/crash\//,
  /\/test\/damage\//,
  /\/test\/simulation\//,
  /\/test\/cluster\/crash\//,
  /\/test\/roles\/(sale-command|whole-system)/,
  /\/test\/ledger-gate\/whole-sale/,
  /\/test\/queue\/rabbitmq-faults/,
];

/** The files of `npm test`, or those of `npm run test:long`: every test is in one of them. */
export function testFiles(piece: "short" | "long"): string[] {
  const isLong = (path: string): boolean => longTests.some((pattern) => pattern.test(path));
  return repositoryFiles().filter((path) => path.endsWith(".test.ts") && isLong(path) === (piece === "long"));
}
