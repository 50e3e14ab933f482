import { letterStates, refundStates, shells } from "../../roles/task.ts";
import { command, sharedOptions } from "../command.ts";
import { choice, choiceOfWords, flag, required, text, word } from "../option.ts";

const { config, json } = sharedOptions;
const by = text("name", "who does it, for the record; by default the user of this shell");

const verify = command({
  path: "verify",
  topic: "Look",
  summary: "checks that no unit was sold twice or lost",
  example: "verify --sale spring --at-rest",
  arguments: {},
  options: {
    sale: text("id", "only this sale"),
    "at-rest": flag("nobody buys any more, and what is still on its way is a finding"),
    ...{ config, json },
  },
  ends: ["notInOrder", "unknown"],
  toTask: (_, { sale, "at-rest": atRest, json }) => ({ kind: "verify", saleId: sale, atRest, json }),
});

const verifyDraw = command({
  path: "verify-draw",
  topic: "Look",
  summary: "checks a draw that was disclosed; it needs neither settings nor a network",
  details: "All words after it go to the program of the package fair-draw, whose own --help explains them.",
  example: "verify-draw spring.draw --receipt my-receipt.json",
  arguments: {},
  options: {},
  ends: ["notInOrder"],
  passesOn: true,
  toTask: () => ({ kind: "verify-draw", words: [] }),
});

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

const deadLetters = { topic: "Mend", ends: ["notInOrder", "unknown"] } as const;
const letterSummaries = {
  show: "one dead letter, with what it says",
  replay: "records a dead letter once more, as a consumer would",
  discard: "gives a dead letter up; nothing of it is recorded",
} as const;

const deadLetterCommands = [
  command({
    ...deadLetters,
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
      ...deadLetters,
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
    ...deadLetters,
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
    ...deadLetters,
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
    ...deadLetters,
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

const migrate = command({
  path: "migrate",
  topic: "Set up",
  summary: "brings the ledger's tables up to date",
  example: "migrate --config sale.json",
  arguments: {},
  options: { config, json },
  ends: ["unknown"],
  toTask: (_, { json }) => ({ kind: "migrate", json }),
});

const keySummaries = {
  rotate: "makes a new backend.api_secret; what the present one signed stays valid",
  announce: "adds a new secret that is accepted, but does not sign yet",
  exchange: "lets the announced secret sign; what the one before signed stays valid",
  retire: "removes the previous secret; what it signed is worth nothing from then on",
} as const;

const keyCommands = (["rotate", "announce", "exchange", "retire"] as const).map((action) =>
  command({
    path: `keys ${action}`,
    topic: "Set up",
    summary: keySummaries[action],
    details:
      "It changes the file of --config, and each process reads that at its next start. One gateway, or gateways of a ring, need\n" +
      "rotate. Processes that do not know of each other need announce, a restart of all, exchange, and a restart of all.",
    example: `keys ${action} --config sale.json`,
    arguments: {},
    options: {
      config: required(text("file", "the file whose secret is changed")),
      force: flag("give up a previous secret that may still be in use"),
      json,
    },
    ends: ["notInOrder"],
    toTask: (_, { force, json }) => ({ kind: "keys", action, force, json }),
  }),
);

const completion = command({
  path: "completion",
  topic: "Other",
  summary: "prints what a shell needs to complete commands and options",
  details: [
    'bash:  eval "$(seckill completion bash)" in ~/.bashrc',
    'zsh:   eval "$(seckill completion zsh)" in ~/.zshrc, after compinit',
    "fish:  seckill completion fish > ~/.config/fish/completions/seckill.fish",
  ].join("\n"),
  example: "completion bash",
  arguments: { shell: choiceOfWords(shells, "the shell") },
  options: {},
  ends: [],
  toTask: ({ shell }) => ({ kind: "completion", shell }),
});

export const lookingCommands = [verify, verifyDraw];
export const mendingCommands = [repair, ...deadLetterCommands, ...refundCommands];
export const settingUpCommands = [migrate, ...keyCommands, completion];
