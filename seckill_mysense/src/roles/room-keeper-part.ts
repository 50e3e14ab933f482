import type { HealthBoard } from "../health/health-board.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { BeaconReader } from "../rooms/beacon-reader.ts";
import { startRoomKeeper } from "../rooms/room-keeper.ts";
import type { Stops, SystemOptions } from "./system-options.ts";

interface RoomKeeperParts {
  readonly ledger: Pick<Ledger, "rooms">;
  readonly health: HealthBoard;
}

export function runRoomKeeper(
  { settings: { sale }, clock, logger }: SystemOptions,
  { ledger: { rooms }, health }: RoomKeeperParts,
  stops: Stops,
): void {
  const beacon = sale.drand_url === "" ? undefined : new BeaconReader({ url: sale.drand_url, ...clock });
  const keeper = startRoomKeeper({ rooms, beacon, logger, health: health.part("draws"), now: clock.now });
  stops.push(() => keeper.stop());
}
