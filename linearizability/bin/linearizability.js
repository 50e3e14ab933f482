#!/usr/bin/env node
import { runProgram } from "../dist/run-program.js";

runProgram(process.argv.slice(2));
