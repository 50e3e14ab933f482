/** Publishes one message after the other to an embedded queue and prints the number of each when it is confirmed. */
import { embeddedQueue } from "../../src/queue/embedded-queue.ts";
import { reservation } from "../contract/queue/queue-fixtures.ts";

const queue = embeddedQueue({ file: process.argv[2]! });

/** Several at a time, so that commits carry more than one. */
async function publisher(offset: number): Promise<void> {
  for (let n = offset; ; n += 8) {
    await queue.publish([reservation(n)]);
    console.log(`confirmed ${n}`);
  }
}

await Promise.all(Array.from({ length: 8 }, (_, offset) => publisher(offset)));
