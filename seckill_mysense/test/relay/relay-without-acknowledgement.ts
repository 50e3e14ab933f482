/**
 * A relay that publishes and then hangs instead of acknowledging, so that a test can kill it exactly there.
 * Arguments: port of the gate's server, file of the embedded queue, sale id, product id.
 */
import { createGate } from "../../src/gate/redis-gate.ts";
import { startRelay } from "../../src/relay/relay.ts";
import { embeddedQueue } from "../../src/queue/embedded-queue.ts";

const [port, file, saleId, productId] = process.argv.slice(2) as [string, string, string, string];
const gate = createGate({ connection: { host: "127.0.0.1", port: Number(port) } });

startRelay({
  gate: {
    ...gate,
    acknowledgeOutbox: async (_product, entryIds) => {
      console.log(`published ${entryIds.length}`);
      await new Promise(() => undefined);
    },
  },
  queue: embeddedQueue({ file }),
  products: () => [{ saleId, id: productId }],
  relayName: "killed",
});
