/**
 * The probe in a process of its own, so that nothing else that the benchmark does delays it:
 * `bun bench/pauses/probe-process.ts <port>`. A line on standard input: "reset", or "report", which prints latencies.
 */
import { createInterface } from "node:readline";
import { Probe } from "./probe.ts";

const probe = await Probe.start(Number(process.argv[2]));
console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "reset") probe.reset();
  else console.log(JSON.stringify(probe.latencies));
}
probe.stop();
