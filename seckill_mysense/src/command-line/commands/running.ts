import { roles } from "../../roles/task.ts";
import { command, sharedOptions } from "../command.ts";
import { optionalChoice } from "../option.ts";

const { config } = sharedOptions;

export const runningCommands = [
  command({
    path: "start",
    topic: "Run",
    summary: "runs the system, whole or one of its roles, until it is stopped",
    details: [
      "all       every part in one process (the default)",
      "gateway   the public web server",
      "quantity  the quantity service for other programs; it needs quantity.programs",
      "relay     carries accepted reservations from the gate to the queue",
      "consumer  records reservations from the queue in the ledger",
      "sweeper   expires unpaid orders, gives their units back, sends refunds",
      "admin     the web server for merchants; it needs admin.secret",
      "",
      "The word start may be left out: `seckill relay` is `seckill start relay`, and `seckill` alone is `seckill start all`.",
    ].join("\n"),
    example: "start gateway --config sale.json",
    arguments: { role: optionalChoice(roles, "the role") },
    options: { config },
    ends: ["notInOrder", "crashed"],
    toTask: ({ role = "all" }) => ({ kind: "serve", role }),
  }),
  command({
    path: "payment-simulator",
    topic: "Run",
    summary: "runs a provider of payments that moves no money, to try payments with",
    example: "payment-simulator --config sale.json",
    arguments: {},
    options: { config },
    ends: ["unknown"],
    toTask: () => ({ kind: "payment-simulator" }),
  }),
];
