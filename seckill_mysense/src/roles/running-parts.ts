import type { Gate } from "../gate/gate.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Consumer } from "../orders/consumer.ts";
import type { Sweeper } from "../orders/sweeper.ts";
import type { PaymentFigures } from "../payments/payment-figures.ts";
import type { ReservationQueue } from "../queue/queue.ts";
import type { Relay } from "../relay/relay.ts";

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
}
