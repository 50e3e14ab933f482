export { QuantityClient } from "./quantity-client.ts";
export {
  LimitedError,
  QuantityError,
  RefusedError,
  SoldOutError,
  UnavailableError,
  UnknownOutcomeError,
} from "./quantity-errors.ts";
export type {
  CallOptions,
  CallSignal,
  Fetch,
  FetchedAnswer,
  FetchInit,
  QuantityClientOptions,
  Remaining,
  Reservation,
  ReservationStatus,
  ReserveRequest,
} from "./quantity-types.ts";
