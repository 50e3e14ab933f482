/** Publishes messages to an embedded queue without end, and prints the number of each confirmed message. */
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
