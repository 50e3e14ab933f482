/** As verify-draw with --json, but with nothing of the runtime: what a browser does. */
import { createReadStream, readFileSync } from "node:fs";
import { parseReceipt, verifyDraw } from "../../fair_draw/index.ts";

const [file, , receiptFile] = process.argv.slice(2) as [string, string, string];
const receipts = [parseReceipt(JSON.parse(readFileSync(receiptFile, "utf8")))];
console.log(JSON.stringify(await verifyDraw(createReadStream(file), { kept: { receipts } })));
