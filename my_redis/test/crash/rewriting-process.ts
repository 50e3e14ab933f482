import { startOpenServer } from "../../src/start-server.ts";
import type { RewriteStep } from "../../src/persistence/aof/log-rewriter.ts";

/**
 * A server that kills itself at a step of a rewrite: `bun rewriting-process.ts <folder> <step> [<preamble>]`. It is a
 * separate program, so that the kill leaves nothing behind in the test's process.
 */
const [folder = "", step = "", preamble = "yes"] = process.argv.slice(2);
const running = await startOpenServer({
  port: 0,
  dir: folder,
  appendonly: true,
  "aof-use-rdb-preamble": preamble === "yes",
  "auto-aof-rewrite-percentage": 0,
  keepProcessAlive: true,
});
const rewriter = running.server.parts.storage?.log.rewriter;
if (rewriter === undefined) throw new Error("a server without a log");
rewriter.onStep = (reached: RewriteStep) => {
  if (reached === step) process.kill(process.pid, "SIGKILL");
};
console.log(`Ready on port ${running.port}`);
