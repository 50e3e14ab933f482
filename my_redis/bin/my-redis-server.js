#!/usr/bin/env node
// Bun runs the sources as they are. Node reads no TypeScript from node_modules: it runs what `npm run build` made.
const program = typeof Bun === "undefined" ? "../dist/run-program.js" : "../src/run-program.ts";
const { runProgram } = await import(program);
await runProgram(process.argv.slice(2));
