import type { HealthBoard } from "../health/health-board.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { BeaconReader } from "../rooms/beacon-reader.ts";
import { startRateKeeper } from "../rooms/rate-keeper.ts";
import { startRoomKeeper } from "../rooms/room-keeper.ts";
import { hasNoGate } from "../settings/load-settings.ts";
import { CheckoutLoadReader } from "./checkout-load.ts";
import type { Stops, SystemOptions } from "./system-options.ts";

interface RoomKeeperParts {
  readonly ledger: Pick<Ledger, "rooms" | "heartbeats">;
  readonly health: HealthBoard;
}

export function runRoomKeeper(
  { settings, clock, logger }: SystemOptions,
  { ledger: { rooms, heartbeats }, health }: RoomKeeperParts,
  stops: Stops,
): void {
  const { drand_url: url } = settings.sale;
  const beacon = url === "" ? undefined : new BeaconReader({ url, ...clock });
  const keeper = startRoomKeeper({ rooms, beacon, logger, health: health.part("draws"), now: clock.now });
  stops.push(() => keeper.stop());
  const loads = new CheckoutLoadReader(heartbeats, { hasNoGate: hasNoGate(settings), elapsedMs: clock.elapsedMs });
  const rates = startRateKeeper({ rooms, load: () => loads.read(), logger, health: health.part("rates"), ...clock });
  stops.push(() => rates.stop());
}
