import { command } from "../../../dispatch/command.ts";
import type { Arguments } from "../../../protocol/arguments.ts";
import { CommandError, errors } from "../../../protocol/command-error.ts";

const facts = { group: "connection", complexity: "O(1)" } as const;

export const clientReply = command({
  ...facts,
  name: "CLIENT REPLY",
  since: "3.2.0",
  brief: true,
  summary: "Turns replies to this connection on or off, or off for the next command only.",
  syntax: "(ON | OFF | SKIP)",
  flags: ["noscript", "loading", "stale"],
  run({ client }, args, reply) {
    if (args.is(2, "on")) {
      client.replyMode = "on";
      reply.ok();
    } else if (args.is(2, "off")) {
      client.replyMode = "off";
    } else if (args.is(2, "skip")) {
      if (client.replyMode !== "off") client.replyMode = "skip-next";
    } else {
      throw new CommandError(errors.syntax);
    }
  },
});

export const clientNoEvict = command({
  ...facts,
  name: "CLIENT NO-EVICT",
  since: "7.0.0",
  brief: true,
  summary: "Protects the connection from being closed when clients use too much memory.",
  syntax: "(ON | OFF)",
  flags: ["admin", "noscript", "loading", "stale"],
  run({ client }, args, reply) {
    client.noEvict = readOnOff(args, 2);
    reply.ok();
  },
});

export const clientNoTouch = command({
  ...facts,
  name: "CLIENT NO-TOUCH",
  since: "7.2.0",
  brief: true,
  summary: "Turns off updates of keys' access times by the commands of this connection.",
  syntax: "(ON | OFF)",
  flags: ["noscript", "loading", "stale"],
  run({ client, server }, args, reply) {
    server.observers.noTouch.set(client, readOnOff(args, 2));
    reply.ok();
  },
});

function readOnOff(args: Arguments, index: number): boolean {
  if (args.is(index, "on")) return true;
  if (args.is(index, "off")) return false;
  throw new CommandError(errors.syntax);
}
