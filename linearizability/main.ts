import { runProgram } from "./src/run-program.ts";

runProgram(process.argv.slice(2));
