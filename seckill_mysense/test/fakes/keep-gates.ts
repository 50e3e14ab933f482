import { silentLogger, type Logger } from "../../src/logging/logger.ts";
import { GateKeeper } from "../../src/recovery/gate-keeper.ts";
import type { RecoveryParts } from "../../src/recovery/recovery-parts.ts";
import { systemClock } from "../../src/time/clock.ts";

/** A running keeper of the gates, as each gateway has one. The caller stops it. */
export function keepGates(
  parts: Pick<RecoveryParts, "gate" | "gates" | "queue"> & { readonly logger?: Logger },
): GateKeeper {
  const keeper = new GateKeeper({ repairer: "test", logger: silentLogger, clock: systemClock, ...parts });
  keeper.start();
  return keeper;
}
