#!/usr/bin/env node
import { runProgram } from "../dist/run-program.js";

await runProgram(process.argv.slice(2));
