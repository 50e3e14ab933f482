#!/usr/bin/env node
import { startWithOptions } from "../dist/runtime-options.js";

startWithOptions(process.env);
const { runProgram } = await import("../dist/run-program.js");
await runProgram(process.argv.slice(2));
