import type { DebugSubcommand } from "./debug-subcommand.ts";

/** A limit, so that a mistyped number cannot stop the server for good. */
const maxSleepMs = 60_000;

const standstill = new Int32Array(new SharedArrayBuffer(4));

export const debugSleep: DebugSubcommand = {
  name: "SLEEP",
  usage: "<seconds>",
  summary: "Stops the whole server for some seconds, at most 60; fractions are possible.",
  counts: [3, 3],
  run(_context, args, reply) {
    // As in Redis, text that is not a number means zero seconds.
    const seconds = Number.parseFloat(args.latin1(2));
    const sleepMs = Number.isNaN(seconds) ? 0 : Math.min(Math.max(0, seconds * 1000), maxSleepMs);
    if (sleepMs > 0) Atomics.wait(standstill, 0, 0, sleepMs);
    reply.ok();
  },
};
