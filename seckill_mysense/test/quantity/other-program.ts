/**
 * The other shop's backend, as a process: takes one unit for each of its orders, and confirms it. It keeps nothing, and
 * begins with the same request ids at each start. One line of output for each order that is decided.
 */
import { QuantityClient, SoldOutError, UnavailableError, UnknownOutcomeError } from "../../client/index.ts";

const [url = "", key = "", productId = "", orders = "0", workers = "1"] = process.argv.slice(2);
const client = new QuantityClient({ url, key, timeoutMs: 5_000, maxTries: 3, firstPauseMs: 20 });

/** The service may be away for a while: the same call again, until it is decided. */
async function decided<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof UnavailableError || error instanceof UnknownOutcomeError)) throw error;
    }
  }
}

async function buy(requestId: string): Promise<string> {
  try {
    await decided(() => client.reserve({ productId, requestId }));
    console.log(`reserved ${requestId}`);
    return (await decided(() => client.confirm(requestId))).status;
  } catch (error) {
    if (error instanceof SoldOutError) return "sold_out";
    throw error;
  }
}

let next = 0;
async function work(): Promise<void> {
  while (next < Number(orders)) {
    const requestId = `order-${next++}`;
    console.log(`${await buy(requestId)} ${requestId}`);
  }
}
await Promise.all(Array.from({ length: Number(workers) }, work));
console.log("done");
