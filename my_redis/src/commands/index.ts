import type { Command } from "../dispatch/command.ts";
import type { Compatibility } from "../version.ts";
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
import { stringCommands, stringCommandsOfRedis8, stringCommandsOfValkey9 } from "./string/index.ts";
import { transactionCommands } from "./transactions/index.ts";

/** Every command of a server that claims to be Redis 7.2. */
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

/** What other servers have besides these commands, or have in another form. */
const furtherCommands: Readonly<Record<Compatibility, readonly Command[]>> = {
  "redis-7.2": [],
  "redis-8": stringCommandsOfRedis8,
  "valkey-9": stringCommandsOfValkey9,
};

/** Every command of a server that claims to be this one. */
export function commandsOf(compatibility: Compatibility): readonly Command[] {
  const byName = new Map([...allCommands, ...furtherCommands[compatibility]].map((each) => [each.name, each]));
  return [...byName.values()];
}
