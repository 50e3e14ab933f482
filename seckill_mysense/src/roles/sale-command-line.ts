import { Command, CommanderError, InvalidArgumentError } from "commander";
import { changeId } from "../contract/identifiers.ts";
import { maxAdmitPerSecond } from "../domain/room.ts";
import { maxUnits } from "../domain/sale.ts";
import { addCodesCommands, type CodesAction } from "./sale-codes-command.ts";
import { addRoomCommands, type RoomAction } from "./sale-room-command.ts";
import { UsageError } from "./command-line.ts";

/** What a command does with sales. `file` is a path, or "-" for the standard input. */
export type SaleAction =
  | { readonly kind: "create"; readonly file: string; readonly draft: boolean }
  | { readonly kind: "validate"; readonly file: string }
  | { readonly kind: "list" }
  | { readonly kind: "show"; readonly id: string; readonly history: boolean }
  | { readonly kind: "update"; readonly id: string; readonly file: string }
  | { readonly kind: "publish" | "end" | "cancel"; readonly id: string }
  | { readonly kind: "pause" | "resume"; readonly id: string; readonly product: string | undefined }
  | { readonly kind: "restock"; readonly id: string; readonly product: string; readonly units: number }
  | RoomAction
  | CodesAction
  | { readonly kind: "extend"; readonly id: string; readonly endsAt: string };

export interface SaleCommandLine {
  readonly action: SaleAction;
  /** The path as given; undefined for the shipped config.json. */
  readonly configFile: string | undefined;
  readonly json: boolean;
  readonly expectedVersion: number | undefined;
  /** Who asks, for the log of changes; undefined for the user of the operating system. */
  readonly actor: string | undefined;
  /** The id of the change; undefined for one that is asked for the first time. */
  readonly changeId: string | undefined;
  /** How long to wait until the gate has the change. */
  readonly waitSeconds: number;
}

interface CommonOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly expectVersion?: number;
  readonly by?: string;
  readonly change?: string;
  readonly wait?: number;
}

type Took = (action: SaleAction, options: CommonOptions) => void;

/** The words after `sale`. A text when help was asked for. @throws UsageError */
export function parseSaleCommandLine(args: readonly string[]): SaleCommandLine | string {
  let taken: SaleCommandLine | undefined;
  let help = "";
  const command = program((action, { config, json = false, expectVersion, by, change, wait = 0 }) => {
    const asker = { expectedVersion: expectVersion, actor: by, changeId: change };
    taken = { action, configFile: config, json, ...asker, waitSeconds: wait };
  });
  let called = command;
  for (const each of [command, ...command.commands.flatMap((one) => [one, ...one.commands])]) {
    each.configureOutput({ writeOut: (text) => (help += text), writeErr() {} });
    each.hook("preAction", (_, action) => void (called = action));
    each.exitOverride((error) => {
      called = each;
      throw error;
    });
  }
  try {
    command.parse(args, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError && error.code === "commander.helpDisplayed") return help.trimEnd();
    throw mistakeIn(called, error);
  }
  if (taken === undefined) throw mistakeIn(command, new UsageError("sale needs a command"));
  return taken;
}

/** With the help of the command that was called in a wrong way. */
function mistakeIn(called: Command, error: unknown): unknown {
  if (!(error instanceof CommanderError) && !(error instanceof UsageError)) return error;
  const isHelp = error instanceof CommanderError && error.code === "commander.help";
  const message = isHelp ? "sale, sale room and sale codes need a command" : error.message.replace(/^error: /, "");
  return new UsageError(message, called.helpInformation().trimEnd());
}

function program(took: Took): Command {
  const root = new Command("bun seckill_mysense/main.ts sale").description(
    [
      "Makes and changes sales, also while the system runs. Ends with 0 only when the change is done, 1 if it is refused,",
      "2 if the command line or a setting is wrong, 3 if a part cannot be reached, so that nobody knows whether the change",
      "was made, and 4 if the change is recorded, but the gate does not have it yet.",
    ].join("\n"),
  );
  const room = root.command("room").description("the waiting room of a sale: room --help names its commands");
  const codes = root.command("codes").description("who is invited to a sale: codes --help names its commands");
  const add = (name: string, description: string, under = root): Command =>
    under
      .command(name)
      .description(description)
      .option("--config <file>", "settings that differ from the defaults")
      .option("--json", "answer as JSON");
  const by = (name: string, description: string, under = root): Command =>
    add(name, description, under).option("--by <name>", "who asks, for the log of changes");
  const write = (name: string, description: string): Command =>
    by(name, description).option(
      "--change <id>",
      "repeats a change whose outcome is unknown; it counts once",
      idOfChange,
    );
  const change = (name: string, description: string): Command =>
    write(name, description)
      .option("--expect-version <n>", "refuse when the sale has another version", between(1, Number.MAX_SAFE_INTEGER))
      .option("--wait <seconds>", "how long to wait for a gate that is away or closed", between(0, maxWaitSeconds));
  addReaders(add, took);
  // A new sale has no version yet, and no gate that could be away.
  addCreate(write, took);
  addWriters(change, took);
  addRoomCommands<CommonOptions>({
    read: (name, description) => add(name, description, room),
    write: (name, description) => by(name, description, room),
    ...{ took, rate: rateOfAdmission },
  });
  addCodesCommands<CommonOptions>({
    read: (name, description) => add(name, description, codes),
    write: (name, description) => by(name, description, codes),
    ...{ took, between },
  });
  return root;
}

type Add = (name: string, description: string) => Command;

function addReaders(add: Add, took: Took): void {
  add("validate <file>", "checks a file, and changes nothing").action((file: string, options: CommonOptions) =>
    took({ kind: "validate", file }, options),
  );
  add("list", "all sales").action((options: CommonOptions) => took({ kind: "list" }, options));
  add("show <id>", "one sale with its products")
    .option("--history", "what was changed, by whom and when")
    .action((id: string, options: CommonOptions & { history?: boolean }) =>
      took({ kind: "show", id, history: options.history ?? false }, options),
    );
}

function addCreate(add: Add, took: Took): void {
  add("create <file>", "makes a sale; - reads the standard input")
    .option("--draft", "do not publish it yet")
    .action((file: string, options: CommonOptions & { draft?: boolean }) =>
      took({ kind: "create", file, draft: options.draft ?? false }, options),
    );
}

function addWriters(add: Add, took: Took): void {
  add("update <id> <file>", "changes what the file names: title, times, products").action(
    (id: string, file: string, options: CommonOptions) => took({ kind: "update", id, file }, options),
  );
  for (const kind of ["publish", "end", "cancel"] as const) {
    add(`${kind} <id>`, descriptions[kind]).action((id: string, options: CommonOptions) => took({ kind, id }, options));
  }
  for (const kind of ["pause", "resume"] as const) {
    add(`${kind} <id>`, descriptions[kind])
      .option("--product <id>", "only this product")
      .action((id: string, options: CommonOptions & { product?: string }) =>
        took({ kind, id, product: options.product }, options),
      );
  }
  add("restock <id>", "adds units, or takes them out with a negative number")
    .requiredOption("--product <id>", "the product")
    .requiredOption("--units <n>", "how many more, or with a minus how many less", between(-maxUnits, maxUnits))
    .action((id: string, options: CommonOptions & { product: string; units: number }) =>
      took({ kind: "restock", id, product: options.product, units: options.units }, options),
    );
  add("extend <id>", "moves the end to a later moment")
    .requiredOption("--ends-at <time>", "such as 2027-03-02T10:00:00Z")
    .action((id: string, options: CommonOptions & { endsAt: string }) =>
      took({ kind: "extend", id, endsAt: options.endsAt }, options),
    );
}

const descriptions = {
  publish: "puts a draft on sale",
  end: "ends a running sale now",
  cancel: "stops a sale for good and releases its orders",
  pause: "sells nothing until it is resumed",
  resume: "ends a pause",
} as const;

/** Longer waits are better left to the caller, who can end them. */
const maxWaitSeconds = 3_600;

function between(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    // "1e3" and "0x10" are numbers too, but more likely slips.
    if (!/^-?\d+$/.test(text)) {
      throw new InvalidArgumentError(`${JSON.stringify(text)} is not a whole number.`);
    }
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`${text} is not from ${least} to ${most}.`);
  };
}

function idOfChange(text: string): string {
  if (changeId.safeParse(text).success) return text;
  throw new InvalidArgumentError(`${JSON.stringify(text)} is not 1 to 40 letters, digits, dashes and underscores.`);
}

function rateOfAdmission(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d{1,3})?$/.test(text) && value > 0 && value <= maxAdmitPerSecond) return value;
  throw new InvalidArgumentError(`${JSON.stringify(text)} is not a number from 0.001 to ${maxAdmitPerSecond}.`);
}
