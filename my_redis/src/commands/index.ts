import type { Command } from "../dispatch/command.ts";
import { bitmapCommands } from "./bitmap/index.ts";
import { clusterCommands } from "./cluster/index.ts";
import { connectionCommands } from "./connection/index.ts";
import { hashCommands } from "./hash/index.ts";
import { geoCommands } from "./geo/index.ts";
import { genericCommands } from "./generic/index.ts";
import { hyperLogLogCommands } from "./hyperloglog/index.ts";
import { scriptingCommands } from "./scripting/index.ts";
import { listCommands } from "./list/index.ts";
import { setCommands } from "./set/index.ts";
import { pubsubCommands } from "./pubsub/index.ts";
import { serverCommands } from "./server/index.ts";
import { sortedSetCommands } from "./sorted-set/index.ts";
import { streamCommands } from "./stream/index.ts";
import { stringCommands } from "./string/index.ts";
import { transactionCommands } from "./transactions/index.ts";

/** Every command of the server. */
export const allCommands: readonly Command[] = [
  ...bitmapCommands,
  ...clusterCommands,
  ...connectionCommands,
  ...genericCommands,
  ...geoCommands,
  ...hashCommands,
  ...hyperLogLogCommands,
  ...scriptingCommands,
  ...listCommands,
  ...setCommands,
  ...pubsubCommands,
  ...serverCommands,
  ...sortedSetCommands,
  ...streamCommands,
  ...stringCommands,
  ...transactionCommands,
];
