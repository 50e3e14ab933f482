import { join } from "node:path";
import { SupervisedProcess } from "../../src/supervisor/supervised-process.ts";

/** Supervises `busy-node.ts` with a short grace time, stops it at once, and says when it has ended. */
const node = new SupervisedProcess({
  command: [process.execPath, join(import.meta.dirname, "busy-node.ts"), ...process.argv.slice(2)],
  input: "",
  monotonicMs: () => performance.now(),
  stopGraceMs: 1200,
  events: {
    ready: () => node.stop(),
    died: () => {},
    ended: ({ failure }) => console.log(`ended: ${failure ?? "as it should"}`),
  },
});
