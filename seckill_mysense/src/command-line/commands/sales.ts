import { changeId } from "../../contract/identifiers.ts";
import { maxUnits } from "../../domain/sale.ts";
import type { SaleAction } from "../../roles/sale-task.ts";
import type { Task } from "../../roles/task.ts";
import { command, sharedOptions } from "../command.ts";
import { flag, parsed, required, text, whole, word } from "../option.ts";
import { UsageError } from "../usage-error.ts";

const { config, json } = sharedOptions;
export const readOptions = { config, json };
export const writeOptions = { by: text("name", "who asks, for the log of changes"), config, json };
/** Longer waits are better left to the caller, who can end them. */
const maxWaitSeconds = 3_600;

const change = parsed("id", "repeats a change whose outcome is unknown; it counts once", (given) => {
  if (changeId.safeParse(given).success) return given;
  throw new UsageError(`${JSON.stringify(given)} is not 1 to 40 letters, digits, dashes and underscores`);
});
// A new sale has no version yet, and no gate that could be away.
const createOptions = { change, ...writeOptions };
const changeOptions = {
  "expect-version": whole("n", "refuse when the sale has another version", { least: 1, most: Number.MAX_SAFE_INTEGER }),
  wait: whole("seconds", "how long to wait for a gate that is away or closed", { least: 0, most: maxWaitSeconds }),
  ...createOptions,
};
const anId = word("the id of the sale");

interface Asked {
  readonly json: boolean;
  readonly by?: string | undefined;
  readonly change?: string | undefined;
  readonly wait?: number | undefined;
  readonly "expect-version"?: number | undefined;
}

export function saleTask(action: SaleAction, asked: Asked): Task {
  const { json, by: actor, change: changeId, wait: waitSeconds = 0, "expect-version": expectedVersion } = asked;
  return { kind: "sale", commandLine: { action, json, expectedVersion, actor, changeId, waitSeconds } };
}

export const ofSales = { topic: "Sales", ends: ["notInOrder", "unknown"] } as const;
const ofChanges = { topic: "Sales", ends: ["notInOrder", "unknown", "recorded"] } as const;

const readers = [
  command({
    ...ofSales,
    path: "sale validate",
    summary: "checks a file, and changes nothing",
    example: "sale validate spring.json",
    arguments: { file: word("the file with the sale; - reads the standard input") },
    options: readOptions,
    toTask: ({ file }, asked) => saleTask({ kind: "validate", file }, asked),
  }),
  command({
    ...ofSales,
    path: "sale list",
    summary: "all sales",
    example: "sale list --json",
    arguments: {},
    options: readOptions,
    toTask: (_, asked) => saleTask({ kind: "list" }, asked),
  }),
  command({
    ...ofSales,
    path: "sale show",
    summary: "one sale with its products",
    example: "sale show spring --history",
    arguments: { id: anId },
    options: { history: flag("what was changed, by whom and when"), ...readOptions },
    toTask: ({ id }, { history, ...asked }) => saleTask({ kind: "show", id, history }, asked),
  }),
];

const create = command({
  ...ofSales,
  path: "sale create",
  summary: "makes a sale",
  example: "sale create spring.json --draft",
  arguments: { file: word("the file with the sale; - reads the standard input") },
  options: { draft: flag("do not publish it yet"), ...createOptions },
  toTask: ({ file }, { draft, ...asked }) => saleTask({ kind: "create", file, draft }, asked),
});

const update = command({
  ...ofChanges,
  path: "sale update",
  summary: "changes what the file names: title, times, products",
  example: "sale update spring change.json",
  arguments: { id: anId, file: word("the file with what changes; - reads the standard input") },
  options: changeOptions,
  toTask: ({ id, file }, asked) => saleTask({ kind: "update", id, file }, asked),
});

const summaries = {
  publish: "puts a draft on sale",
  end: "ends a running sale now",
  cancel: "stops a sale for good and releases its orders",
  pause: "sells nothing until it is resumed",
  resume: "ends a pause",
} as const;

const states = (["publish", "end", "cancel"] as const).map((kind) =>
  command({
    ...ofChanges,
    path: `sale ${kind}`,
    summary: summaries[kind],
    example: `sale ${kind} spring`,
    arguments: { id: anId },
    options: changeOptions,
    toTask: ({ id }, asked) => saleTask({ kind, id }, asked),
  }),
);

const pauses = (["pause", "resume"] as const).map((kind) =>
  command({
    ...ofChanges,
    path: `sale ${kind}`,
    summary: summaries[kind],
    example: `sale ${kind} spring --product lamp`,
    arguments: { id: anId },
    options: { product: text("id", "only this product"), ...changeOptions },
    toTask: ({ id }, { product, ...asked }) => saleTask({ kind, id, product }, asked),
  }),
);

const restock = command({
  ...ofChanges,
  path: "sale restock",
  summary: "adds units, or takes them out with a negative number",
  example: "sale restock spring --product lamp --units 50",
  arguments: { id: anId },
  options: {
    product: required(text("id", "the product")),
    units: required(whole("n", "how many more, or with a minus how many less", { least: -maxUnits, most: maxUnits })),
    ...changeOptions,
  },
  toTask: ({ id }, { product, units, ...asked }) => saleTask({ kind: "restock", id, product, units }, asked),
});

const extend = command({
  ...ofChanges,
  path: "sale extend",
  summary: "moves the end to a later moment",
  example: "sale extend spring --ends-at 2027-03-02T10:00:00Z",
  arguments: { id: anId },
  options: { "ends-at": required(text("time", "such as 2027-03-02T10:00:00Z")), ...changeOptions },
  toTask: ({ id }, { "ends-at": endsAt, ...asked }) => saleTask({ kind: "extend", id, endsAt }, asked),
});

export const saleCommands = [...readers, create, update, ...states, ...pauses, restock, extend];
