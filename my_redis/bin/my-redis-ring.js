#!/usr/bin/env node
import { runProcess } from "../dist/run-ring-tool.js";

await runProcess(process.argv.slice(2));
