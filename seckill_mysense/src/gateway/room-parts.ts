import { RoomPasses } from "../authorization/room-passes.ts";
import type { SigningChoice } from "../authorization/signing-key.ts";
import type { HealthBoard } from "../health/health-board.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Logger } from "../logging/logger.ts";
import type { Settings } from "../settings/settings.ts";
import type { Clock } from "../time/clock.ts";
import { RoomFollower } from "./room-follower.ts";
import { RoomVisitors } from "./room-visitors.ts";

/** What a gateway has for waiting rooms. The caller starts and stops the follower. */
export interface RoomParts {
  readonly roomFollower: RoomFollower;
  readonly visitors: RoomVisitors;
}

interface RoomOptions extends Clock {
  readonly ledger: Pick<Ledger, "rooms">;
  readonly settings: Settings;
  readonly secrets: readonly string[];
  readonly health: HealthBoard;
  readonly logger: Logger;
}

export function openRooms(options: RoomOptions, choice: SigningChoice): RoomParts {
  const { ledger, settings, secrets, health, logger, now, elapsedMs } = options;
  const { rooms } = ledger;
  const { rooms: maxRooms, room_visitors: maxEntries } = settings.limits;
  const follower = new RoomFollower({ rooms, health: health.part("rooms"), logger, now, elapsedMs, maxRooms });
  const passes = new RoomPasses(secrets, choice);
  const { secure_cookies: secureCookies } = settings.backend;
  return { roomFollower: follower, visitors: new RoomVisitors({ rooms, passes, follower, maxEntries, secureCookies }) };
}
