import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { addPositiveToMoment } from "../expiry-moment.ts";
import { logSetUntil } from "./set.ts";
import { storeString } from "../../collections/string-value.ts";

const fields = {
  group: "string",
  complexity: "O(1)",
  brief: true,
  flags: ["write", "denyoom"],
  keepsElements: true,
  keys: keyAt(1, "OW update"),
} as const;

export const setEx = command({
  ...fields,
  name: "SETEX",
  since: "2.0.0",
  summary: "Sets a key to a string that expires after some seconds.",
  syntax: "key seconds value",
  run: (context, args, reply) => setFor(context, args, reply, 1000),
});

export const psetEx = command({
  ...fields,
  name: "PSETEX",
  since: "2.6.0",
  summary: "Sets a key to a string that expires after some milliseconds.",
  syntax: "key milliseconds value",
  run: (context, args, reply) => setFor(context, args, reply, 1),
});

function setFor(context: Context, args: Arguments, reply: ReplyWriter, unitMs: number): void {
  const { database } = context;
  const atMs = addPositiveToMoment(context, args, 2, unitMs, context.now);
  storeString(database, args, 1, 3, atMs);
  database.changed(args, 1, "set");
  database.announce(args, 1, "expire");
  reply.ok();
  if (context.logs) logSetUntil(context, args.view(1), args.view(3), atMs);
}
