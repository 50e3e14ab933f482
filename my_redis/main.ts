#!/usr/bin/env bun
import { startWithOptions } from "./src/runtime-options.ts";

startWithOptions(process.env);
const { runProgram } = await import("./src/run-program.ts");
await runProgram(process.argv.slice(2));
