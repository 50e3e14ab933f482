import { config } from "./config/config.ts";

export const serverCommands = [config];
