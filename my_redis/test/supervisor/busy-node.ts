import { answerSupervisor, progressReporter } from "../../src/supervisor/supervised.ts";

/**
 * A supervised process that works for two seconds after it was asked to end, without reading messages meanwhile, and then says so.
 * With the argument "silent" it reports no progress.
 */
const [mode] = process.argv.slice(2);
const progress = progressReporter(() => performance.now());
answerSupervisor(() => {
  for (const startMs = performance.now(); performance.now() - startMs < 2000;) if (mode !== "silent") progress();
  process.stdout.write("finished\n", () => process.exit(0));
});
