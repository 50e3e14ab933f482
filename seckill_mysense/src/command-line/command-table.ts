import type { Command } from "./command.ts";
import { lookingCommands } from "./commands/looking.ts";
import { mendingCommands } from "./commands/mending.ts";
import { codeCommands, roomCommands } from "./commands/rooms-and-codes.ts";
import { runningCommands } from "./commands/running.ts";
import { saleCommands } from "./commands/sales.ts";
import { settingUpCommands } from "./commands/setting-up.ts";

export const programName = "seckill";

/** Every command, in the order of the help. Parsing, help, completion and docs/command-line.md follow from this table. */
export const commands: readonly Command[] = [
  ...runningCommands,
  ...lookingCommands,
  ...saleCommands,
  ...roomCommands,
  ...codeCommands,
  ...mendingCommands,
  ...settingUpCommands,
];

/** The first words of commands that belong together, and what they have in common. */
export const groups: Readonly<Record<string, string>> = {
  sale: "makes and changes sales, also while the system runs",
  "sale room": "the waiting room of a sale",
  "sale codes": "who is invited to a sale",
  "dead-letters": "messages that no consumer could record",
  refunds: "refunds that the provider of payments cannot make",
  keys: "the secret that signs tokens and sessions",
};

export interface Below {
  readonly path: string;
  readonly summary: string;
  /** Undefined for a group. */
  readonly command: Command | undefined;
}

/** The commands and groups one word below a group; below "" those of the program. */
export function below(path: string): Below[] {
  const depth = path === "" ? 1 : path.split(" ").length + 1;
  const prefix = path === "" ? "" : `${path} `;
  const paths = commands
    .filter((command) => command.path.startsWith(prefix))
    .map((command) => command.path.split(" ").slice(0, depth).join(" "));
  return [...new Set(paths)].map((each) => {
    const command = commandAt(each);
    return { path: each, summary: command?.summary ?? groups[each] ?? "", command };
  });
}

export const commandAt = (path: string): Command | undefined => commands.find((command) => command.path === path);
