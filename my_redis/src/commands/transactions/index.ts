import { exec } from "./exec.ts";
import { discard, multi } from "./multi.ts";
import { unwatch, watch } from "./watch.ts";

export const transactionCommands = [discard, exec, multi, unwatch, watch];
