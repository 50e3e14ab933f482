import type { Logger } from "../logging/logger.ts";
import type { Stops } from "./system-options.ts";

/** Stops the parts, the last one first. Gives up after a time: then a part is still at work. */
export async function stopAll(stops: Stops, withinMs: number, logger: Logger): Promise<"drained" | "gave_up"> {
  const work = async (): Promise<"drained"> => {
    for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) {
      try {
        await stop();
      } catch (error) {
        logger.warn("a part did not stop in order", { error: String(error) });
      }
    }
    return "drained";
  };
  const { promise: tooLate, resolve } = Promise.withResolvers<"gave_up">();
  const timer = setTimeout(() => resolve("gave_up"), withinMs);
  const outcome = await Promise.race([work(), tooLate]);
  clearTimeout(timer);
  return outcome;
}
