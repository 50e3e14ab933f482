import { Keyspace } from "../../src/keyspace/keyspace.ts";
import { Settings } from "../../src/settings/settings.ts";

interface KeyspaceOfTest {
  readonly databases?: number;
  /** Unix milliseconds; always 0 if left out. */
  readonly nowMs?: () => number;
  /** A number in [0, 1); always 0.5 if left out. */
  readonly random?: () => number;
}

/** An empty keyspace with the default limits. The test controls its clock and its random numbers. */
export function newKeyspace({ databases = 2, nowMs = () => 0, random = () => 0.5 }: KeyspaceOfTest = {}): Keyspace {
  return new Keyspace({
    databases,
    environment: { nowMs, steadyMs: nowMs, random, hashKeys: [1, 2] },
    limits: new Settings().values,
  });
}
