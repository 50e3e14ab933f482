export { ListenError } from "./src/network/listen-on-addresses.ts";
export { type RunningServer, startServer, type StartOptions } from "./src/start-server.ts";
export { version } from "./src/version.ts";
