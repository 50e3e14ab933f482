import type { Command } from "../command/command.ts";
import { stringCommands } from "./string/index.ts";

/** Every command of the server. */
export const allCommands: readonly Command[] = [...stringCommands];
