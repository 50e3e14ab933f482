import { container } from "../../../dispatch/container.ts";
import { memoryDoctor, memoryMallocStats, memoryPurge, memoryStats } from "./stats.ts";
import { memoryUsage } from "./usage.ts";

export const memory = container({
  name: "MEMORY",
  group: "server",
  since: "4.0.0",
  complexity: "Depends on the subcommand.",
  summary: "Groups the commands about the use of memory.",
  flags: [],
  helpSince: "4.0.0",
  subcommands: [memoryDoctor, memoryMallocStats, memoryPurge, memoryStats, memoryUsage],
});
