import { acl } from "./acl.ts";
import { bgRewriteAof, bgSave } from "./background-save.ts";
import { commandCommand } from "./command/command.ts";
import { config } from "./config/config.ts";
import { debug } from "./debug/debug.ts";
import { functionCommand } from "./function.ts";
import { info } from "./info/info.ts";
import { latency } from "./latency.ts";
import { lolwut } from "./lolwut.ts";
import { memory } from "./memory/memory.ts";
import { moduleCommand } from "./module.ts";
import { monitor } from "./monitor.ts";
import { failover } from "./replication/failover.ts";
import { psync, sync } from "./replication/psync.ts";
import { replconf } from "./replication/replconf.ts";
import { replicaOf, slaveOf } from "./replication/replicaof.ts";
import { role } from "./replication/role.ts";
import { wait, waitAof } from "./replication/wait.ts";
import { lastSave, save } from "./save.ts";
import { shutdown } from "./shutdown.ts";
import { slowlog } from "./slowlog.ts";
import { time } from "./time.ts";

export const serverCommands = [
  acl,
  bgRewriteAof,
  bgSave,
  commandCommand,
  config,
  debug,
  failover,
  functionCommand,
  info,
  lastSave,
  latency,
  lolwut,
  memory,
  moduleCommand,
  monitor,
  psync,
  replconf,
  replicaOf,
  role,
  save,
  shutdown,
  slaveOf,
  slowlog,
  sync,
  time,
  wait,
  waitAof,
];
