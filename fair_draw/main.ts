import { runProgram } from "./src/run-program.ts";

await runProgram(process.argv.slice(2));
