import { roles } from "../../roles/task.ts";
import { command, sharedOptions } from "../command.ts";
import { choice, flag, text } from "../option.ts";

const { config, json } = sharedOptions;

const status = command({
  path: "status",
  topic: "Look",
  summary: "says which processes run, what is on sale and what waits for an operator",
  details: "It reads the ledger alone and changes nothing, so it also works while the gate or the queue is away.",
  example: "status --config sale.json",
  arguments: {},
  options: { config, json },
  ends: ["notInOrder", "unknown"],
  toTask: (_, { json }) => ({ kind: "status", json }),
});

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
  toTask: (_given, _options, words) => ({ kind: "verify-draw", words }),
});

const doctor = command({
  path: "doctor",
  topic: "Look",
  summary: "checks a configuration and everything that it points to, and says what to do",
  details:
    "It looks at the file, the machine, MySQL, RabbitMQ and the gate, and changes nothing there. Each finding is ok, a warning or a\n" +
    "problem. With problems it ends with 1. Run it on the machine, and as the user, that is to run the role.",
  example: "doctor --role gateway --config sale.json",
  arguments: {},
  options: { role: choice("role", roles, "what is to run here"), config, json },
  ends: ["notInOrder"],
  toTask: (_, { role, json }) => ({ kind: "doctor", role, json }),
});

export const lookingCommands = [status, doctor, verify, verifyDraw];
