import { z } from "zod";
import type { PartHealth } from "../health/health-board.ts";

/** Numbers of a process by the name of their metric, such as `seckill_outbox_length`. */
export type Figures = Readonly<Record<string, number>>;

/** The details of a heartbeat: what else the process has to say. */
const heartbeatDetails = z.object({
  figures: z.record(z.string(), z.number()).catch({}),
  /** The parts that are not ok. */
  troubles: z.array(z.object({ name: z.string(), status: z.string(), reason: z.string() })).catch([]),
});
export type HeartbeatDetails = z.infer<typeof heartbeatDetails>;

/** The width of the column. */
const maxDetails = 4_000;
const maxReason = 300;

export function encodeDetails(figures: Figures, outages: readonly PartHealth[]): string {
  const troubles = outages.map(({ name, status, reason = "" }) => {
    return { name, status, reason: reason.slice(0, maxReason) };
  });
  const text = JSON.stringify({ figures, troubles });
  return text.length <= maxDetails ? text : JSON.stringify({ figures, troubles: [] }).slice(0, maxDetails);
}

/** Other versions may write other details: what is not understood is left out. */
export function decodeDetails(text: string): HeartbeatDetails {
  try {
    const parsed = heartbeatDetails.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
  } catch {
    // Cut off, or not JSON.
  }
  return { figures: {}, troubles: [] };
}
