import { type ServerPair, startPair } from "./start-pair.ts";

export type { ServerPair, Side } from "./start-pair.ts";

const pairKey = Symbol.for("my-redis.differential.servers");
const holder = globalThis as typeof globalThis & { [pairKey]?: Promise<ServerPair> };

/** One pair serves all test files of a run, and ends with the process. */
export function serverPair(): Promise<ServerPair> {
  holder[pairKey] ??= startPair({
    flags: { "enable-debug-command": "yes" },
    myRedis: { environment: { report } },
  });
  return holder[pairKey];
}

function report(level: string, message: string, error?: unknown): void {
  if (level === "error" || level === "warning") console.error(`MyRedis ${level}: ${message}`, error ?? "");
}
