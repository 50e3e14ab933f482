import { cpus } from "node:os";
import type { LoadOptions, LoadResult } from "./http-load.ts";

/** The last core is the measured server's, the others are the load's. */
export const serverCore = `${cpus().length - 1}`;
export const loadCores = cpus().length === 1 ? "0" : `0-${cpus().length - 2}`;

const loadFile = `${import.meta.dirname}/load-process.ts`;

/** Runs the load on the cores that are not the server's, or on those that are named. */
export async function loadFromOtherCores(options: LoadOptions, onCores = loadCores): Promise<LoadResult> {
  const requests = options.requests.map((request) => Buffer.from(request).toString("latin1"));
  const child = Bun.spawn(["taskset", "-c", onCores, process.execPath, loadFile], {
    stdin: new TextEncoder().encode(JSON.stringify({ ...options, requests })),
    stdout: "pipe",
    stderr: "inherit",
    timeout: 180_000,
  });
  const output = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`the load failed: ${output}`);
  return JSON.parse(output) as LoadResult;
}
