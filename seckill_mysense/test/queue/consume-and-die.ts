/** Takes one batch from an embedded queue, prints its size, and dies before it has decided. */
import { embeddedQueue } from "../../src/queue/embedded-queue.ts";

const [file, end] = process.argv.slice(2) as [string, "exit" | "hang"];
const queue = embeddedQueue({ file });
await queue.consume(
  async (batch) => {
    console.log(`in hand ${batch.length}`);
    if (end === "exit") process.kill(process.pid, "SIGKILL");
    return new Promise(() => undefined);
  },
  { maxBatch: 10, maxWaitMs: 0 },
);
