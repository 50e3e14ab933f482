import { Command, CommanderError } from "commander";

export const roles = ["all", "gateway", "relay", "consumer", "sweeper", "verify", "repair"] as const;
export type Role = (typeof roles)[number];

export interface CommandLine {
  readonly role: Role;
  /** The path as given; undefined for the shipped config.json. */
  readonly configFile: string | undefined;
  /** For `verify`: check only this sale. */
  readonly saleId: string | undefined;
  /** For `verify`: no sale is open, so reservations that are still on their way are findings. */
  readonly atRest: boolean;
  /** For `repair`: rebuild this product, whatever its state is. */
  readonly productId: string | undefined;
  /** For `repair`: only say what would be done. */
  readonly dryRun: boolean;
  /** For `repair`: do not wait for reservations that are on their way. */
  readonly force: boolean;
  /** For `verify` and `repair`: one JSON document instead of text. */
  readonly json: boolean;
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
  "  verify    checks the invariants of the sales: [--sale id] [--at-rest] [--json]",
  "  repair    rebuilds gates that have lost data from the ledger: [--product id] [--dry-run] [--force] [--json]",
  "",
  "verify and repair end with 0 if all is in order, 1 if it is not, 2 if the command line or the settings are wrong,",
  "and 3 if it could not be found out, because a part cannot be reached.",
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
    .option("--product <id>", "for repair: this product, even if nothing is wrong with it")
    .option("--dry-run", "for repair: say what would be done, and change nothing")
    .option("--force", "for repair: do not wait for reservations on their way; the ledger will refuse them")
    .option("--json", "for verify and repair: one JSON document instead of text")
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
  const options = command.opts<Options>();
  const role = roleNamed(command.processedArgs[0] as string);
  for (const [flag, option, owners] of ownedOptions) {
    if (options[option] === undefined || owners.includes(role)) continue;
    throw new UsageError(`${flag} belongs to the role ${owners.join(" and to the role ")}`);
  }
  const { config, sale, product, atRest = false, dryRun = false, force = false, json = false } = options;
  return { role, configFile: config, saleId: sale, productId: product, atRest, dryRun, force, json };
}

interface Options {
  readonly config?: string;
  readonly sale?: string;
  readonly product?: string;
  readonly atRest?: boolean;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

const ownedOptions: readonly (readonly [flag: string, option: keyof Options, owners: readonly Role[]])[] = [
  ["--sale", "sale", ["verify"]],
  ["--at-rest", "atRest", ["verify"]],
  ["--product", "product", ["repair"]],
  ["--dry-run", "dryRun", ["repair"]],
  ["--force", "force", ["repair"]],
  ["--json", "json", ["verify", "repair"]],
];

function roleNamed(word: string): Role {
  const role = roles.find((name) => name === word);
  if (role === undefined) throw new UsageError(`${word} is not a role: there are ${roles.join(", ")}`);
  return role;
}
