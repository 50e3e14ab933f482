import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";
import { batchOf } from "./sqlite-batch.ts";

// A process that records batches until it is killed, and prints the number of each committed batch.
const [file, saleId, productId, name] = process.argv.slice(2) as [string, string, string, string];
const ledger = sqliteLedger({ file });
for (let number = 0; ; number++) {
  await ledger.orders.record(batchOf(name, number, saleId, productId), { payWithinMs: 60_000 });
  await Bun.write(Bun.stdout, `committed ${number}\n`);
  // Some orders move on, so that a kill can also meet a payment or a cancellation.
  await ledger.orders.pay(`${name}-${number}-1`, Date.now());
  await ledger.orders.cancel(`${name}-${number}-2`);
}
