import type { Logger } from "../logging/logger.ts";
import type { Settings } from "../settings/settings.ts";
import type { Clock } from "../time/clock.ts";
import type { Role } from "./task.ts";

/** What a process of a role is started with. */
export interface SystemOptions {
  readonly role: Role;
  readonly settings: Settings;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** How to stop each part that was started. Parts are stopped in reverse order. */
export type Stops = (() => Promise<void> | void)[];
