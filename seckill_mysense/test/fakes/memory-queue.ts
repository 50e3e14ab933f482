import type { AcceptedReservation } from "../../src/domain/reservation.ts";
import type {
  Consumption,
  ConsumeOptions,
  Delivery,
  DeliveryVerdict,
  ReservationQueue,
} from "../../src/queue/queue.ts";

type Handler = (batch: readonly Delivery[]) => Promise<readonly DeliveryVerdict[]>;

/** The queue's rules in memory: verdicts by message; a batch whose handler throws comes again. */
export class MemoryQueue implements ReservationQueue {
  readonly acknowledged: Delivery[] = [];
  readonly deadLettered: Delivery[] = [];
  #ready: Delivery[] = [];
  #wake: () => void = () => {};

  async publish(reservations: readonly AcceptedReservation[]): Promise<void> {
    for (const reservation of reservations) {
      this.#add({ reservation, body: new TextEncoder().encode(JSON.stringify(reservation)), redelivered: false });
    }
  }

  /** A message that the queue's decoder does not understand. */
  publishRaw(body: string): void {
    this.#add({ reservation: undefined, body: new TextEncoder().encode(body), redelivered: false });
  }

  async consume(handler: Handler, { maxBatch }: ConsumeOptions): Promise<Consumption> {
    let stopped = false;
    const run = async (): Promise<void> => {
      while (!stopped) {
        const batch = this.#ready.splice(0, maxBatch);
        if (batch.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
        else
          await handler(batch).then(
            (verdicts) => this.#settle(batch, verdicts),
            () => this.#bringAgain(batch),
          );
      }
    };
    const running = run();
    return {
      stop: async () => {
        stopped = true;
        this.#wake();
        await running;
      },
    };
  }

  async depth(): Promise<{ ready: number; deadLettered: number }> {
    return { ready: this.#ready.length, deadLettered: this.deadLettered.length };
  }

  async close(): Promise<void> {}

  #add(delivery: Delivery): void {
    this.#ready.push(delivery);
    this.#wake();
  }

  async #bringAgain(batch: readonly Delivery[]): Promise<void> {
    this.#ready.unshift(...batch);
    await Bun.sleep(1);
  }

  #settle(batch: readonly Delivery[], verdicts: readonly DeliveryVerdict[]): void {
    if (verdicts.length !== batch.length) throw new Error(`${verdicts.length} verdicts for ${batch.length} messages`);
    for (const [index, delivery] of batch.entries()) {
      if (verdicts[index] === "acknowledge") this.acknowledged.push(delivery);
      else if (verdicts[index] === "dead_letter") this.deadLettered.push(delivery);
      else this.#add({ ...delivery, redelivered: true });
    }
  }
}
