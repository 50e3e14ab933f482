import { CommandError } from "../protocol/command-error.ts";
import { splitInlineCommand } from "../protocol/inline-command.ts";

export type ScriptFlag = "no-writes" | "allow-oom" | "allow-stale" | "no-cluster" | "allow-cross-slot-keys";

const knownFlags: ReadonlySet<string> = new Set<ScriptFlag>([
  "no-writes",
  "allow-oom",
  "allow-stale",
  "no-cluster",
  "allow-cross-slot-keys",
]);

export interface Shebang {
  /** Undefined when the script has no shebang. Such a script may do everything that scripts could do before Redis 7. */
  readonly flags: ReadonlySet<ScriptFlag> | undefined;
  /** Where the script itself begins: at the line end of the shebang, so that line numbers stay right. */
  readonly length: number;
}

const lineFeed = 10;
const none: Shebang = { flags: undefined, length: 0 };

/**
 * Reads "#!lua flags=no-writes,allow-stale" at the start of a script. Throws the error reply of EVAL when it is
 * invalid.
 */
export function readShebang(body: Uint8Array): Shebang {
  if (body[0] !== 35 || body[1] !== 33) return none;
  const end = body.indexOf(lineFeed);
  if (end < 0) throw new CommandError("ERR Invalid script shebang");
  const words = splitInlineCommand(body.subarray(0, end));
  if (words === undefined) throw new CommandError("ERR Invalid engine in script shebang");
  const [engine, ...options] = words.map((word) => Buffer.from(word).toString("latin1"));
  if (engine !== "#!lua") throw new CommandError(`ERR Unexpected engine in script shebang: ${engine}`);
  const flags = new Set<ScriptFlag>();
  for (const option of options) {
    if (!option.startsWith("flags=")) throw new CommandError(`ERR Unknown lua shebang option: ${option}`);
    for (const flag of readFlags(option.slice("flags=".length))) flags.add(flag);
  }
  return { flags, length: end };
}

function readFlags(text: string): ScriptFlag[] {
  if (text === "") return [];
  return text.split(",").map((flag) => {
    if (!isFlag(flag)) throw new CommandError(`ERR Unexpected flag in script shebang: ${flag}`);
    return flag;
  });
}

const isFlag = (text: string): text is ScriptFlag => knownFlags.has(text);
