import { type Actor, ask, insist, rest, type Steps } from "./actor.ts";
import { OnTheWay } from "./on-the-way.ts";
import type { Shop } from "./shop.ts";

/** Closes a product again and again with messages on their way, and waits until they have arrived. */
export function queueWatcher(shop: Shop, name: string): Actor {
  const { queue, chance } = shop;
  const productId = shop.productIds[0]!;
  return {
    name,
    canBeKilled: false,
    *start() {
      for (;;) {
        const count = chance.between(0, 12);
        yield* ask("nobody", "rests", () => publish(count, false));
        yield* waitForWatermark();
      }
    },
  };

  function* waitForWatermark(): Steps {
    const onTheWay = new OnTheWay(shop, name);
    while (!(yield* onTheWay.isOver(1, 0))) {
      // Other products go on selling.
      const others = chance.happens(0.3) ? chance.between(0, 3) : 0;
      if (others > 0) yield* insist("nobody", "rests", () => publish(others, true));
      for (let rests = chance.between(0, 8); rests > 0; rests--) yield* rest();
    }
    onTheWay.check(productId, 1);
    shop.watermarks++;
  }

  /** Those of others are none that the repair has to wait for, as if they were late. */
  function publish(count: number, isLate: boolean): void {
    const entries = Array.from({ length: count }, () => {
      const [reservationId, userId] = [shop.newName("r"), shop.newName("u")];
      return { message: { reservationId, productId, userId, quantity: 1, epoch: 1, sequence: 1 }, isLate };
    });
    queue.publish(entries);
  }
}
