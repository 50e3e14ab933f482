import { existsSync } from "node:fs";
import { type Environment, systemEnvironment } from "../environment.ts";
import { serverProgram } from "../package-files.ts";
import { quoteWord } from "../settings/split-words.ts";
import { Settings } from "../settings/settings.ts";
import { NodesError, type RunningNodes, superviseNodes } from "./supervisor.ts";

export interface StartNodesOptions {
  /** 1 to 64 processes on this machine. */
  readonly nodes: number;
  /** Replicas of each of them, 0 to 4, which are processes of their own. The default is 0. */
  readonly replicas?: number;
  /** Port of the first node; the others follow. It must be fixed, since a node's address is its place on the ring. */
  readonly port: number;
  /** An existing folder. Each node makes its own folder in it, and writes its messages there into my-redis.log. */
  readonly dir: string;
  /** Directives that all nodes share, by their names in redis.conf. Values are as in redis.conf, or true and false. */
  readonly directives?: Readonly<Record<string, string | number | boolean>>;
  /** Called when a node dies and is started again. */
  readonly report?: Environment["report"];
}

const defaultBind = "127.0.0.1";

const textOf = (value: string | number | boolean): string =>
  typeof value === "boolean" ? (value ? "yes" : "no") : `${value}`;

/**
 * Starts the nodes of one ring as separate processes, and starts a node again when it dies. The nodes end with this
 * process, and keep it alive until `close`. Resolves when all nodes serve.
 *
 * Rejects with NodesError when a node cannot start; that node has then written the reason to standard error. Rejects
 * with DirectiveError when the options cannot make a ring.
 */
export async function startNodes(options: StartNodesOptions): Promise<RunningNodes> {
  const { nodes, replicas = 0, port, dir, directives = {}, report = () => {} } = options;
  const program = serverProgram();
  if (!existsSync(program)) {
    throw new NodesError(`the program of a node, ${program}, is missing: mark my-redis as external in your bundler`);
  }
  const shared = Object.entries({ bind: defaultBind, ...directives });
  const running = superviseNodes({
    settings: new Settings({ nodes, replicas, port, dir, bind: [textOf(directives["bind"] ?? defaultBind)] }).values,
    command: [process.execPath, program, "-"],
    // Not on the command line, which every user of the machine can read: the directives may contain a password.
    input: shared.map(([name, value]) => `${name} ${quoteWord(textOf(value))}\n`).join(""),
    logFile: "my-redis.log",
    environment: systemEnvironment(report),
  });
  await running.ready;
  return running;
}
