import { parseAddress } from "peer-link";
import type { Login } from "./ask-server.ts";

/** Wrong use of the program. */
export class UsageError extends Error {
  constructor(reason: string) {
    super(`${reason}\nmy-redis-ring --help says how it is used`);
    this.name = "UsageError";
  }
}

export type ToolCommand = "status" | "add" | "remove" | "weights" | "rebalance" | "cancel";

export interface ToolWords {
  readonly command: ToolCommand;
  /** What stands behind CLUSTER RING. */
  readonly words: readonly string[];
  /** The nodes that are to be added. */
  readonly added: readonly string[];
  readonly address: string;
  readonly login: Login;
  readonly isDryRun: boolean;
  readonly waits: boolean;
  readonly asJson: boolean;
}

export const usage = `Usage: my-redis-ring [-h host] [-p port] [--user name] [-a password] <command> [options]

Changes the members of a ring whose nodes agree on them (cluster-members agreed, or cluster-replicas), while clients
go on. Any member can be asked. The password may also stand in the environment variable REDISCLI_AUTH.

Commands:
  status                          the places, their slots, and what is under way
  add HOST:PORT [--weight W]      the node joins, and gets its share of the slots
      [--replica HOST:PORT ...]   nodes that join with it as its replicas
  remove HOST:PORT                the node's slots go to others; then it leaves, with its replicas
  weights HOST:PORT=W ...         changes shares; the weight of a node is 1 unless it is set
  rebalance                       makes shares even, and the ranges of slots few
  cancel                          ends what is under way; slots that have moved stay

Options:
  --dry-run                       only says what would move
  --no-wait                       does not wait until it is done
  --json                          answers in JSON
  --help                          this text

It ends with 0 when all is done, with 1 when the ring refuses or cannot be reached, and with 2 after wrong use.
`;

const commands: readonly string[] = ["status", "add", "remove", "weights", "rebalance", "cancel"];

interface Options {
  host: string;
  port: string;
  user: string | undefined;
  password: string | undefined;
  weight: string | undefined;
  readonly replicas: string[];
  readonly flags: Set<string>;
}

const flags: readonly string[] = ["--dry-run", "--no-wait", "--json"];

/** Throws UsageError. "help": the text is asked for. */
export function readWords(args: readonly string[], password: string | undefined): ToolWords | "help" {
  const own: Options = {
    ...{ host: "127.0.0.1", port: "6379", user: undefined, password, weight: undefined },
    ...{ replicas: [], flags: new Set() },
  };
  const rest: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const word = args[at] as string;
    if (word === "--help") return "help";
    if (flags.includes(word)) own.flags.add(word);
    else if (word.startsWith("-")) {
      const value = args[++at];
      if (value === undefined) throw new UsageError(`${word} needs a value`);
      setOption(own, word, value);
    } else rest.push(word);
  }
  const [command, ...operands] = rest;
  if (command === undefined || !commands.includes(command)) {
    throw new UsageError(`there is no command '${command ?? ""}': there are ${commands.join(", ")}`);
  }
  const address = checkedAddress(`${own.host}:${own.port}`);
  const words = wordsOf(command as ToolCommand, operands, own);
  return {
    ...{ command: command as ToolCommand, words, address, login: { user: own.user, password: own.password } },
    added: command === "add" ? [...operands, ...own.replicas] : [],
    isDryRun: own.flags.has("--dry-run"),
    waits: !own.flags.has("--no-wait"),
    asJson: own.flags.has("--json"),
  };
}

function setOption(own: Options, word: string, value: string): void {
  if (word === "-h") own.host = value.includes(":") && !value.startsWith("[") ? `[${value}]` : value;
  else if (word === "-p") own.port = value;
  else if (word === "-a") own.password = value;
  else if (word === "--user") own.user = value;
  else if (word === "--weight") own.weight = value;
  else if (word === "--replica") own.replicas.push(checkedAddress(value));
  else throw new UsageError(`there is no option '${word}'`);
}

function wordsOf(command: ToolCommand, operands: readonly string[], { weight, replicas }: Options): string[] {
  const needed = command === "add" || command === "remove" ? 1 : command === "weights" ? Infinity : 0;
  if (command === "weights" ? operands.length === 0 : operands.length !== needed) {
    throw new UsageError(
      `${command} needs ${needed === 0 ? "nothing more" : needed === 1 ? "one HOST:PORT" : "HOST:PORT=W"}`,
    );
  }
  if (command !== "add" && (weight !== undefined || replicas.length > 0)) {
    throw new UsageError(`--weight and --replica belong to add, and not to ${command}`);
  }
  if (command === "weights") return ["weights", ...operands.flatMap(weightOf)];
  const extra = command === "add" ? [...replicas, ...(weight === undefined ? [] : ["weight", weight])] : [];
  return [command, ...operands.map(checkedAddress), ...extra];
}

function weightOf(word: string): string[] {
  const [, name, weight] = /^(.+)=([^=]+)$/.exec(word) ?? [];
  if (name === undefined || weight === undefined) throw new UsageError(`'${word}' is not HOST:PORT=W`);
  return [checkedAddress(name), weight];
}

function checkedAddress(word: string): string {
  if (parseAddress(word) !== undefined) return word;
  throw new UsageError(`'${word}' is not HOST:PORT with a port from 1 to 65535`);
}
