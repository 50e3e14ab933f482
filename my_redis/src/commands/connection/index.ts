import { echo } from "./echo.ts";
import { hello } from "./hello.ts";
import { ping } from "./ping.ts";
import { quit } from "./quit.ts";
import { select } from "./select.ts";

export const connectionCommands = [echo, hello, ping, quit, select];
