// Repairs a product, and kills its own process after a step.
// Arguments: port of the gate, file of the ledger, product id, number of the step; 0 for none.

import { judgeGate } from "../../src/recovery/judge-gate.ts";
import { repairGate } from "../../src/recovery/repair-gate.ts";
import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";
import { openTestGate, repairParts } from "./repair-steps.ts";

const [port, file, productId, lastStep] = process.argv.slice(2) as [string, string, string, string];
const ledger = sqliteLedger({ file });
const gate = openTestGate(Number(port));
let steps = 0;
const parts = repairParts(gate, ledger, {
  after(step) {
    steps++;
    if (steps !== Number(lastStep)) return;
    console.log(`killed after ${step}`);
    process.kill(process.pid, "SIGKILL");
  },
});
const [record] = await ledger.gates.read([productId]);
const status = await gate.status(record!.sale.id, productId);
const verdict = judgeGate(record!, status);
const reason = verdict.kind === "lost" ? verdict.reason : `the gate is ${verdict.kind}`;
for (;;) {
  const outcome = await repairGate(parts, { record: record!, status, reason });
  if (outcome.kind !== "busy") {
    console.log(`${outcome.kind} after ${steps} steps`);
    process.exit(0);
  }
  await Bun.sleep(outcome.leaseMs);
}
