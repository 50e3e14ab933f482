/**
 * A MyRedis that tells how long its turns take: `bun bench/pauses/watched-server.ts <port>`. A line for each turn of
 * more than a millisecond: "turn <ms>".
 */
import { startServer } from "my-redis";

const periodMs = 1;
const toldFromMs = 1;

await startServer({ port: Number(process.argv[2]), memory: true });
console.log("Ready to accept connections");

let lastMs = performance.now();
let lastCpu = process.cpuUsage();
// Late by what the turn before it took. While others have the core no time passes here: the CPU time is the limit.
setInterval(() => {
  const nowMs = performance.now();
  const cpu = process.cpuUsage();
  const cpuMs = (cpu.user - lastCpu.user + cpu.system - lastCpu.system) / 1000;
  const turnMs = Math.min(nowMs - lastMs - periodMs, cpuMs);
  if (turnMs > toldFromMs) console.log(`turn ${turnMs.toFixed(2)}`);
  lastMs = nowMs;
  lastCpu = cpu;
}, periodMs);
