/** Takes one batch from an embedded queue, prints its size, and dies without a verdict. */
import { embeddedQueue } from "../../src/queue/embedded-queue.ts";

const [file, end] = process.argv.slice(2) as [string, "exit" | "hang"];
const queue = embeddedQueue({ file, deliveryLimit: 2 });
await queue.consume(
  async (batch) => {
    console.log(`in hand ${batch.length} ${batch[0]!.redelivered ? "again" : "first"}`);
    if (end === "exit") process.kill(process.pid, "SIGKILL");
    return new Promise(() => undefined);
  },
  { maxBatch: 10, maxWaitMs: 0 },
);
