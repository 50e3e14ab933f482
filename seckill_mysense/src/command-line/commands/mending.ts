import { letterStates, refundStates } from "../../roles/task.ts";
import { command, sharedOptions } from "../command.ts";
import { choice, flag, required, text, word } from "../option.ts";

const { config, json } = sharedOptions;
const by = text("name", "who does it, for the record; by default the user of this shell");

const repair = command({
  path: "repair",
  topic: "Mend",
  summary: "rebuilds gates that have lost data from the ledger",
  example: "repair --dry-run",
  arguments: {},
  options: {
    product: text("id", "this product, even if nothing is wrong with it"),
    "dry-run": flag("say what would be done, and change nothing"),
    force: flag("do not wait for reservations on their way; the ledger will refuse them"),
    ...{ config, json },
  },
  ends: ["notInOrder", "unknown"],
  toTask: (_, { product, "dry-run": dryRun, force, json }) => ({
    ...{ kind: "repair", productId: product, dryRun, force, json },
  }),
});

const ofLedger = { topic: "Mend", ends: ["notInOrder", "unknown"] } as const;
const letterSummaries = {
  show: "one dead letter, with what it says",
  replay: "records a dead letter once more, as a consumer would",
  discard: "gives a dead letter up; nothing of it is recorded",
} as const;

const deadLetterCommands = [
  command({
    ...ofLedger,
    path: "dead-letters list",
    summary: "messages that no consumer could record",
    example: "dead-letters list --state waiting",
    arguments: {},
    options: { state: choice("state", letterStates, "which of them"), config, json },
    toTask: (_, { state, json }) => ({
      ...{ kind: "dead-letters", action: "list", id: undefined, state, by: undefined, json },
    }),
  }),
  ...(["show", "replay", "discard"] as const).map((action) =>
    command({
      ...ofLedger,
      path: `dead-letters ${action}`,
      summary: letterSummaries[action],
      example: `dead-letters ${action} f00d`,
      arguments: { id: word("the id of a letter, as list shows it") },
      options: { by, config, json },
      toTask: ({ id }, { by, json }) => ({ kind: "dead-letters", action, id, state: letterStates[0], by, json }),
    }),
  ),
];

const refundCommands = [
  command({
    ...ofLedger,
    path: "refunds list",
    summary: "refunds that the provider of payments cannot make",
    example: "refunds list --state held",
    arguments: {},
    options: { state: choice("state", refundStates, "which of them"), config, json },
    toTask: (_, { state, json }) => ({
      ...{ kind: "refunds", action: "list", id: undefined, state, by: undefined, note: undefined, json },
    }),
  }),
  command({
    ...ofLedger,
    path: "refunds retry",
    summary: "has a held refund sent once more",
    example: "refunds retry p1",
    arguments: { payment: word("the id of a payment") },
    options: { by, config, json },
    toTask: ({ payment: id }, { by, json }) => ({
      ...{ kind: "refunds", action: "retry", id, state: refundStates[0], by, note: undefined, json },
    }),
  }),
  command({
    ...ofLedger,
    path: "refunds done",
    summary: "records that the money went back elsewhere",
    example: 'refunds done p1 --note "by bank, 3 May"',
    arguments: { payment: word("the id of a payment") },
    options: { note: required(text("text", "how the money went back")), by, config, json },
    toTask: ({ payment: id }, { by, note, json }) => ({
      ...{ kind: "refunds", action: "done", id, state: refundStates[0], by, note, json },
    }),
  }),
];

export const mendingCommands = [repair, ...deadLetterCommands, ...refundCommands];
