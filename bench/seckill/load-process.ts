/** Runs one load in a process of its own: its options come on standard input, the result goes to standard output. */
import { load, type LoadOptions } from "./http-load.ts";

const { requests, ...options } = (await Bun.stdin.json()) as Omit<LoadOptions, "requests"> & { requests: string[] };
const result = await load({ ...options, requests: requests.map((text) => Buffer.from(text, "latin1")) });
console.log(JSON.stringify(result));
