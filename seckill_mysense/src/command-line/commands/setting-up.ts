import { shells } from "../../roles/task.ts";
import { command, sharedOptions } from "../command.ts";
import { choiceOfWords, flag, required, text } from "../option.ts";

const { config, json } = sharedOptions;

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

export const settingUpCommands = [migrate, ...keyCommands, completion];
