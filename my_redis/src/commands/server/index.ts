import { config } from "./config/config.ts";
import { info } from "./info/info.ts";

export const serverCommands = [config, info];
