import { parseAddress } from "peer-link";
import type { Login } from "./ask-server.ts";
import { readTls, type TlsWords } from "./tls-access.ts";
import { UsageError } from "./usage-error.ts";

export type ToolCommand = "status" | "add" | "remove" | "remove-replica" | "weights" | "rebalance" | "cancel";

export interface ToolWords {
  readonly command: ToolCommand;
  /** What stands behind CLUSTER RING. */
  readonly words: readonly string[];
  /** The nodes that are to be added. */
  readonly added: readonly string[];
  /** The node that is to become a replica of a place that exists. */
  readonly replica: string | undefined;
  readonly address: string;
  readonly login: Login;
  readonly isDryRun: boolean;
  readonly waits: boolean;
  readonly asJson: boolean;
  /** The password stands on the command line, where others of this machine can read it. */
  readonly showsPassword: boolean;
}

export const usage = `Usage: my-redis-ring [-h host] [-p port] [--user name] [--tls ...] <command> [options]

Changes the members of a ring whose nodes agree on them (cluster-members agreed, or cluster-replicas), while clients
go on. Any member can be asked. The password stands in the environment variable REDISCLI_AUTH.

Commands:
  status                          the places, their slots, and what is under way
  add HOST:PORT [--weight W]      the node joins, and gets its share of the slots
      [--replica HOST:PORT ...]   nodes that join with it as its replicas
  add HOST:PORT --replica-of PLACE
                                  the node becomes a replica of a place of the ring
  remove HOST:PORT                the node's slots go to others; then it leaves, with its replicas
  remove HOST:PORT --force        the same for a place whose nodes are gone for good: ITS KEYS ARE LOST
  remove-replica HOST:PORT        the replica leaves, and its place stays
  weights HOST:PORT=W ...         changes shares; the weight of a node is 1 unless it is set
  rebalance                       makes shares even, and the ranges of slots few
  cancel                          ends what is under way; slots that have moved stay

Options:
  --dry-run                       only says what would move
  --no-wait                       does not wait until it is done
  --json                          answers in JSON
  -h HOST, -p PORT                a member of the ring, 127.0.0.1:6379 unless it is given
  --user NAME                     with a user of an ACL
  -a PASSWORD, --pass PASSWORD    others of this machine can read it: REDISCLI_AUTH is safer
  --no-auth-warning               does not say so
  --tls                           over TLS: the ports in the nodes' names must be those for TLS (tls-cluster yes)
      [--cacert FILE] [--cacertdir FOLDER]
                                  authorities that may have signed the nodes' certificates
      [--cert FILE --key FILE]    a certificate of one's own
      [--sni NAME] [--insecure]   the name of the server that is wanted; accepts any certificate
  --help                          this text

It ends with 0 when all is done, with 1 when the ring refuses or cannot be reached, and with 2 after wrong use.
`;

const commands: readonly string[] = ["status", "add", "remove", "remove-replica", "weights", "rebalance", "cancel"];

interface Options {
  host: string;
  port: string;
  user: string | undefined;
  password: string | undefined;
  weight: string | undefined;
  place: string | undefined;
  readonly tls: { [Name in Exclude<keyof TlsWords, "isInsecure">]?: string };
  readonly replicas: string[];
  readonly flags: Set<string>;
}

const flags: readonly string[] = [
  ...["--dry-run", "--no-wait", "--json", "--force", "--tls", "--insecure", "--no-auth-warning"],
];

/** Throws UsageError. "help": the text is asked for. */
export function readWords(args: readonly string[], password: string | undefined): ToolWords | "help" {
  const own: Options = {
    ...{ host: "127.0.0.1", port: "6379", user: undefined, password, weight: undefined, place: undefined },
    ...{ tls: {}, replicas: [], flags: new Set() },
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
  const login = { user: own.user, password: own.password, tls: tlsOf(own) };
  return {
    ...{ command: command as ToolCommand, words, address, login },
    showsPassword: own.password !== password && !own.flags.has("--no-auth-warning"),
    added: command === "add" ? [...operands, ...own.replicas] : [],
    replica: own.place === undefined ? undefined : operands[0],
    isDryRun: own.flags.has("--dry-run"),
    waits: !own.flags.has("--no-wait"),
    asJson: own.flags.has("--json"),
  };
}

const tlsOptions: ReadonlyMap<string, Exclude<keyof TlsWords, "isInsecure">> = new Map([
  ["--cacert", "caCert"],
  ["--cacertdir", "caCertFolder"],
  ["--cert", "cert"],
  ["--key", "key"],
  ["--sni", "serverName"],
]);

function tlsOf({ tls, flags: given }: Options): Login["tls"] {
  const isInsecure = given.has("--insecure");
  if (given.has("--tls")) return readTls({ ...tls, isInsecure });
  if (isInsecure || Object.keys(tls).length > 0) throw new UsageError("options of TLS need --tls");
  return undefined;
}

function setOption(own: Options, word: string, value: string): void {
  const ofTls = tlsOptions.get(word);
  if (ofTls !== undefined) {
    own.tls[ofTls] = value;
    return;
  }
  if (word === "-h") own.host = value.includes(":") && !value.startsWith("[") ? `[${value}]` : value;
  else if (word === "-p") own.port = value;
  else if (word === "-a" || word === "--pass") own.password = value;
  else if (word === "--user") own.user = value;
  else if (word === "--weight") own.weight = value;
  else if (word === "--replica") own.replicas.push(checkedAddress(value));
  else if (word === "--replica-of") own.place = checkedAddress(value);
  else throw new UsageError(`there is no option '${word}'`);
}

function wordsOf(command: ToolCommand, operands: readonly string[], own: Options): string[] {
  const { weight, place, replicas } = own;
  const isForced = own.flags.has("--force");
  const isOfOne = command === "add" || command === "remove" || command === "remove-replica";
  const needed = isOfOne ? 1 : command === "weights" ? Infinity : 0;
  if (command === "weights" ? operands.length === 0 : operands.length !== needed) {
    throw new UsageError(
      `${command} needs ${needed === 0 ? "nothing more" : needed === 1 ? "one HOST:PORT" : "HOST:PORT=W"}`,
    );
  }
  const isShare = weight !== undefined || replicas.length > 0;
  if (command !== "add" && (isShare || place !== undefined)) {
    throw new UsageError(`--weight, --replica and --replica-of belong to add, and not to ${command}`);
  }
  if (place !== undefined && isShare) throw new UsageError("a replica of a place has no weight and no replicas");
  if (isForced && command !== "remove") throw new UsageError(`--force belongs to remove, and not to ${command}`);
  if (command === "weights") return ["weights", ...operands.flatMap(weightOf)];
  if (command === "remove") return ["remove", ...operands.map(checkedAddress), ...(isForced ? ["force"] : [])];
  if (command === "remove-replica") return ["remove", ...operands.map(checkedAddress), "replica"];
  if (place !== undefined) return ["add", ...operands.map(checkedAddress), "replicaof", place];
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
