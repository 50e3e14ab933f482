import type { Services } from "../../dispatch/context.ts";
import type { RdbLoadTarget } from "../rdb/rdb-loader.ts";

/** The data of a server, as what a snapshot is loaded into. */
export const rdbTargetOf = ({ environment, keyspace, settings }: Services): RdbLoadTarget => ({
  keyspace,
  nowMs: environment.nowMs(),
  verifiesChecksum: settings.values.rdbchecksum,
  warn: (message) => environment.report("warning", message),
});
