import type { Server } from "../../server.ts";
import type { RdbLoadTarget } from "../rdb/rdb-loader.ts";

/** The data of a server, as what a snapshot is loaded into. */
export const rdbTargetOf = ({ environment, keyspace, settings }: Server): RdbLoadTarget => ({
  keyspace,
  nowMs: environment.nowMs(),
  verifiesChecksum: settings.values.rdbchecksum,
  warn: (message) => environment.report("warning", message),
});
