/**
 * A MyRedis that tells how long its turns take: `bun bench/pauses/watched-server.ts <port> <dir>`. A line for each turn of
 * more than a millisecond: "turn <ms>".
 */
import { startServer } from "../../my_redis/index.ts";

const periodMs = 1;
const toldFromMs = 1;

const [, , port, dir] = process.argv;
await startServer({ port: Number(port), dir: dir ?? ".", save: "", keepProcessAlive: true });
console.log("Ready to accept connections");

/** CPU time of this thread, in milliseconds: without what collector and compiler do beside it. */
function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

let lastMs = performance.now();
let lastCpuMs = threadCpuMs();
// Late by what the turn before it took. While others have the core no time passes here: the CPU time is the limit.
setInterval(() => {
  const nowMs = performance.now();
  const cpuMs = threadCpuMs();
  const turnMs = Math.min(nowMs - lastMs - periodMs, cpuMs - lastCpuMs);
  if (turnMs > toldFromMs) console.log(`turn ${turnMs.toFixed(2)}`);
  lastMs = nowMs;
  lastCpuMs = cpuMs;
}, periodMs);
