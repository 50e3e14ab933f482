import { Command, CommanderError } from "commander";

export const roles = ["all", "gateway", "relay", "consumer", "sweeper", "admin", "verify"] as const;
export type Role = (typeof roles)[number];

export interface CommandLine {
  readonly role: Role;
  /** The path as given; undefined for the shipped config.json. */
  readonly configFile: string | undefined;
  /** For `verify`: check only this sale. */
  readonly saleId: string | undefined;
  /** For `verify`: no sale is open, so reservations that are still on their way are findings. */
  readonly atRest: boolean;
}

const description = [
  "The flash sale, whole or one of its roles.",
  "",
  "Roles:",
  "  all       every part in one process (the default)",
  "  gateway   the public web server",
  "  relay     carries accepted reservations from the gate to the queue",
  "  consumer  records reservations from the queue in the ledger",
  "  sweeper   expires unpaid orders and gives their units back",
  "  admin     the web server for merchants; it needs admin.secret",
  "  verify    checks the invariants of the sales: [--sale id] [--at-rest]",
  "",
  "To make and change sales: sale --help",
].join("\n");

/** The command line is invalid. The message names the word that is wrong. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

function program(): Command {
  return new Command("bun seckill_mysense/main.ts")
    .description(description)
    .argument("[role]", "one of the roles above", "all")
    .option("--config <file>", "settings that differ from the defaults")
    .option("--sale <id>", "for verify: only this sale")
    .option("--at-rest", "for verify: nobody buys any more, and what is still on its way is a finding")
    .exitOverride()
    .configureOutput({ writeOut() {}, writeErr() {} });
}

/** The text of `--help`. */
export function usage(): string {
  return program().helpInformation().trimEnd();
}

/** `undefined` if help was requested. @throws UsageError */
export function parseCommandLine(args: readonly string[]): CommandLine | undefined {
  const command = program();
  try {
    command.parse(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.helpDisplayed") return undefined;
    throw new UsageError(error.message.replace(/^error: /, ""));
  }
  const { config, sale, atRest = false } = command.opts<{ config?: string; sale?: string; atRest?: boolean }>();
  const role = roleNamed(command.processedArgs[0] as string);
  if (role !== "verify" && (sale !== undefined || atRest)) {
    throw new UsageError("--sale and --at-rest belong to the role verify");
  }
  return { role, configFile: config, saleId: sale, atRest };
}

function roleNamed(word: string): Role {
  const role = roles.find((name) => name === word);
  if (role === undefined) throw new UsageError(`${word} is not a role: there are ${roles.join(", ")}`);
  return role;
}
