#!/usr/bin/env bun
import { startServer } from "./index.ts";
import type { StartOptions } from "./index.ts";

const options: Record<string, unknown> = {};
const words = process.argv.slice(2);
for (let index = 0; index + 1 < words.length; index += 2) {
  const value = words[index + 1] as string;
  options[(words[index] as string).slice(2)] = /^\d+$/.test(value) ? Number(value) : value;
}
try {
  const running = await startServer(options as StartOptions);
  console.log(`Ready to accept connections tcp ${running.host}:${running.port}`);
  const stop = (): void => void running.close().then(() => process.exit(0));
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
