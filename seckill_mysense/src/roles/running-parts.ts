import type { Gate } from "../gate/gate.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { Stock } from "../gateway/open-stock.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Consumer } from "../orders/consumer.ts";
import type { Sweeper } from "../orders/sweeper.ts";
import type { PaymentFigures } from "../payments/payment-figures.ts";
import type { QuantityServer } from "../quantity/quantity-server.ts";
import type { ReservationQueue } from "../queue/queue.ts";
import type { Relay } from "../relay/relay.ts";
import type { Stops } from "./system-options.ts";

/** The running parts of a process, as far as its role has them. */
export interface RunningParts {
  readonly ledger: Ledger;
  queue?: ReservationQueue;
  gate?: Gate;
  relay?: Relay;
  consumer?: Consumer;
  sweeper?: Sweeper;
  /** Where payments are looked after. */
  payments?: Pick<PaymentFigures, "gauges">;
  /** Where anything is sold. */
  stock?: Stock;
  gateway?: Pick<Gateway, "metricsText" | "inside" | "gateCalls">;
  quantity?: Pick<QuantityServer, "metricsText">;
}

/** Where a part that starts is noted: for those who look at it, and for the end. */
export interface Started {
  readonly running: RunningParts;
  readonly stops: Stops;
}
