import { Argument, Command, CommanderError, Option } from "commander";

export const roles = ["all", "gateway", "quantity", "relay", "consumer", "sweeper", "admin"] as const;
/** A role that runs until it is stopped. */
export type Role = (typeof roles)[number];

export const deadLetterActions = ["list", "show", "replay", "discard"] as const;
export const refundActions = ["list", "retry", "done"] as const;
const letterStates = ["waiting", "replayed", "discarded"] as const;
const refundStates = ["held", "waiting", "done"] as const;

/** What the command line asks for. */
export type Task =
  | { readonly kind: "serve"; readonly role: Role }
  | {
      readonly kind: "verify";
      /** Check only this sale. */
      readonly saleId: string | undefined;
      /** No sale is open, so reservations that are still on their way are findings. */
      readonly atRest: boolean;
      /** One JSON document instead of text. */
      readonly json: boolean;
    }
  | {
      readonly kind: "repair";
      /** Rebuild this product, whatever its state is. */
      readonly productId: string | undefined;
      /** Only say what would be done. */
      readonly dryRun: boolean;
      /** Do not wait for reservations that are on their way. */
      readonly force: boolean;
      readonly json: boolean;
    }
  | {
      readonly kind: "refunds";
      readonly action: (typeof refundActions)[number];
      /** The id of a payment; undefined for `list`. */
      readonly id: string | undefined;
      /** For `list`. */
      readonly state: (typeof refundStates)[number];
      readonly by: string | undefined;
      /** How the money went back. */
      readonly note: string | undefined;
      readonly json: boolean;
    }
  | { readonly kind: "migrate" }
  /** Runs until it is stopped, and is no part of the sale. */
  | { readonly kind: "payment-simulator" }
  | {
      readonly kind: "dead-letters";
      readonly action: (typeof deadLetterActions)[number];
      /** Undefined for `list`. */
      readonly id: string | undefined;
      readonly state: "waiting" | "replayed" | "discarded";
      /** Who does it, for the record; undefined for the user of the operating system. */
      readonly by: string | undefined;
      readonly json: boolean;
    };

export interface CommandLine {
  /** The path as given; undefined for the shipped config.json. */
  readonly configFile: string | undefined;
  readonly task: Task;
}

const description = [
  "The flash sale, whole or one of its roles.",
  "",
  "Roles:",
  "  all       every part in one process (the default)",
  "  gateway   the public web server",
  "  quantity  the quantity service for other programs; it needs quantity.programs",
  "  relay     carries accepted reservations from the gate to the queue",
  "  consumer  records reservations from the queue in the ledger",
  "  sweeper   expires unpaid orders, gives their units back, sends refunds",
  "  admin     the web server for merchants; it needs admin.secret",
  "",
  "Tasks, which end by themselves:",
  "  verify    checks the invariants of the sales: [--sale id] [--at-rest] [--json]",
  "  repair    rebuilds gates that have lost data from the ledger: [--product id] [--dry-run] [--force] [--json]",
  "  migrate   brings the ledger's tables up to date",
  "  dead-letters list|show|replay|discard [id]",
  "            messages that no consumer could record: [--state waiting|replayed|discarded] [--by name] [--json]",
  "  refunds list|retry|done [id]",
  "            refunds that the provider cannot make: [--state held|waiting|done] [--by name] [--note text] [--json]",
  "",
  "To make and change sales: sale --help",
  "To check a draw that was disclosed: verify-draw --help; it needs neither settings nor a network",
  "To try payments: payment-simulator, a provider that moves no money",
  "",
  "A role that cannot start ends with 1, and with 2 if the command line or the settings are wrong.",
  "Tasks end with 0 if all is in order, 1 if it is not, 2 if the command line or the settings are wrong,",
  "and 3 if it could not be found out, because a part cannot be reached.",
].join("\n");

/** The command line is invalid. The message names the word that is wrong. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  /** The help of the command that was called in a wrong way; undefined for that of the program. */
  readonly help: string | undefined;

  constructor(message: string, help?: string) {
    super(message);
    this.help = help;
  }
}

const tasks = ["verify", "repair", "migrate", "dead-letters", "refunds", "payment-simulator"] as const;

function program(): Command {
  return new Command("bun seckill_mysense/main.ts")
    .description(description)
    .addArgument(new Argument("[role]", "one of the roles or tasks above").default("all"))
    .argument("[action]", "for dead-letters and refunds")
    .argument("[id]", "the id of one dead letter, or of the payment of one refund")
    .option("-v, --version", "print the version")
    .option("--config <file>", "settings that differ from the defaults")
    .option("--sale <id>", "for verify: only this sale")
    .option("--at-rest", "for verify: nobody buys any more, and what is still on its way is a finding")
    .addOption(
      new Option("--state <state>", "for dead-letters list and refunds list").choices([
        ...new Set([...letterStates, ...refundStates]),
      ]),
    )
    .option("--by <name>", "for dead-letters and refunds: who does it; by default the user of this shell")
    .option("--note <text>", "for refunds done: how the money went back")
    .option("--product <id>", "for repair: this product, even if nothing is wrong with it")
    .option("--dry-run", "for repair: say what would be done, and change nothing")
    .option("--force", "for repair: do not wait for reservations on their way; the ledger will refuse them")
    .option("--json", "for verify, repair, dead-letters and refunds: one JSON document instead of text")
    .exitOverride()
    .configureOutput({ writeOut() {}, writeErr() {} });
}

/** The text of `--help`. */
export function usage(): string {
  return program().helpInformation().trimEnd();
}

interface Options {
  readonly config?: string;
  readonly sale?: string;
  readonly atRest?: boolean;
  readonly state?: string;
  readonly by?: string;
  readonly note?: string;
  readonly product?: string;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

const ownedOptions: readonly (readonly [flag: string, option: keyof Options, owners: readonly string[]])[] = [
  ["--sale", "sale", ["verify"]],
  ["--at-rest", "atRest", ["verify"]],
  ["--product", "product", ["repair"]],
  ["--dry-run", "dryRun", ["repair"]],
  ["--force", "force", ["repair"]],
  ["--state", "state", ["dead-letters", "refunds"]],
  ["--by", "by", ["dead-letters", "refunds"]],
  ["--note", "note", ["refunds"]],
  ["--json", "json", ["verify", "repair", "dead-letters", "refunds"]],
];

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
  const [word, action, id] = command.processedArgs as [string, string | undefined, string | undefined];
  checkOwners(word, options);
  if (action !== undefined && word !== "dead-letters" && word !== "refunds")
    throw new UsageError(`${action} is one word too many: only dead-letters and refunds take another`);
  return { configFile: options.config, task: taskOf(word, { action, id }, options) };
}

function taskOf(
  word: string,
  words: { readonly action: string | undefined; readonly id: string | undefined },
  options: Options,
): Task {
  const { sale, atRest = false, product, dryRun = false, force = false, by, note, json = false } = options;
  if (word === "verify") return { kind: "verify", saleId: sale, atRest, json };
  if (word === "repair") return { kind: "repair", productId: product, dryRun, force, json };
  if (word === "migrate" || word === "payment-simulator") return { kind: word };
  if (word === "dead-letters") {
    const action = actionOf(word, deadLetterActions, { ...words, what: "a letter" });
    return { kind: word, action, id: words.id, state: stateOf(word, letterStates, options.state), by, json };
  }
  if (word !== "refunds") return { kind: "serve", role: roleNamed(word) };
  const action = actionOf(word, refundActions, { ...words, what: "a payment" });
  if (action === "done" && note === undefined)
    throw new UsageError("refunds done needs --note: how the money went back");
  return { kind: word, action, id: words.id, state: stateOf(word, refundStates, options.state), by, note, json };
}

function actionOf<Action extends string>(
  word: string,
  actions: readonly Action[],
  { action, id, what }: { readonly action: string | undefined; readonly id: string | undefined; readonly what: string },
): Action {
  const known = actions.find((name) => name === action);
  if (known === undefined) {
    throw new UsageError(`${word} takes one of ${actions.join(", ")}, but got ${action ?? "nothing"}`);
  }
  if (known === "list" && id !== undefined) throw new UsageError(`${word} list takes no id, but got ${id}`);
  if (known !== "list" && id === undefined) throw new UsageError(`${word} ${known} needs the id of ${what}`);
  return known;
}

function stateOf<State extends string>(
  word: string,
  states: readonly [State, State, State],
  wanted: string | undefined,
): State {
  const known = wanted === undefined ? states[0] : states.find((name) => name === wanted);
  if (known !== undefined) return known;
  const [first, second, third] = states;
  throw new UsageError(`${word} list takes --state ${first}, ${second} or ${third}, but got ${wanted}`);
}

function checkOwners(word: string, options: Options): void {
  for (const [flag, option, owners] of ownedOptions) {
    if (options[option] === undefined || owners.includes(word)) continue;
    throw new UsageError(`${flag} belongs to ${owners.join(" and to ")}`);
  }
}

function roleNamed(word: string): Role {
  const role = roles.find((name) => name === word);
  if (role === undefined) {
    throw new UsageError(`${word} is not a role: there are ${[...roles, ...tasks].join(", ")}`);
  }
  return role;
}
