import type { SimulationOptions } from "./simulation.ts";

type Mode = Pick<SimulationOptions, "crowded" | "bundled" | "changing" | "draining">;

/** What a schedule is about, each with its name on the command line. */
export const modes = {
  usual: {},
  crowded: { crowded: true },
  bundled: { bundled: true },
  changing: { changing: true },
  draining: { draining: true },
} as const satisfies Readonly<Record<string, Mode>>;

export type ModeName = keyof typeof modes;

export const modeNames = Object.keys(modes) as ModeName[];
