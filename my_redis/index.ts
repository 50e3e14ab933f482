export type { CommandCall, CommandHook, CommandIntervention } from "./src/dispatch/checks/command-hook.ts";
export type { Environment, LogLevel } from "./src/environment.ts";
export { ListenError } from "./src/network/listen-on-addresses.ts";
export { DirectiveError } from "./src/settings/directive.ts";
export { type RunningServer, startServer, type StartOptions } from "./src/start-server.ts";
export { startNodes, type StartNodesOptions } from "./src/supervisor/start-nodes.ts";
export { NodesError, type RunningNodes } from "./src/supervisor/supervisor.ts";
export { compatibleVersion, version } from "./src/version.ts";
