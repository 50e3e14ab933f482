export { failures, type FailureCode } from "./src/contract/failures.ts";
export { endpoints } from "./src/contract/endpoints.ts";
export { createLogger, type Logger, silentLogger } from "./src/logging/logger.ts";
export { ReservationIds } from "./src/authorization/reservation-ids.ts";
export {
  type BundleTokenClaims,
  type SaleTokenClaims,
  SaleTokens,
  type TokenPart,
} from "./src/authorization/sale-token.ts";
export { systemClock } from "./src/time/clock.ts";
export { StartError } from "./src/roles/start-error.ts";
export { type RunningSystem, startSystem } from "./src/roles/start-system.ts";
export type { SystemOptions } from "./src/roles/system-options.ts";
export { checkSettings, loadSettings } from "./src/settings/load-settings.ts";
export { SettingsError } from "./src/settings/settings-error.ts";
export type { Settings } from "./src/settings/settings.ts";
