/** Assembles every kernel: for each *-kernel.wat, a *-binary.ts beside it. `npm run kernels` runs it. */
import { writeFileSync } from "node:fs";
import { kernelModules } from "./kernel-modules.ts";

for (const { target, content } of kernelModules()) {
  writeFileSync(target, content);
  console.log(target);
}
