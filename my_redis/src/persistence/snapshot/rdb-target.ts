import type { Services } from "../../dispatch/context.ts";
import type { RdbLoadTarget } from "../rdb/rdb-loader.ts";

/** The parts of a server into which a snapshot is loaded. */
export const rdbTargetOf = ({ environment, keyspace, settings }: Services): RdbLoadTarget => ({
  keyspace,
  databases: keyspace.databases,
  nowMs: environment.nowMs(),
  verifiesChecksum: settings.values.rdbchecksum,
  warn: (message) => environment.report("warning", message),
});
