import { command } from "../../../command/command.ts";

const facts = {
  group: "connection",
  complexity: "O(1)",
  flags: ["noscript", "loading", "stale"],
  arity: 2,
} as const;

export const clientGetredir = command({
  ...facts,
  name: "GETREDIR",
  since: "6.0.0",
  summary: "Returns the connection that hears of changes in place of this one; -1 while there is no tracking.",
  run(_context, _args, reply) {
    reply.integer(-1);
  },
});

export const clientTrackinginfo = command({
  ...facts,
  name: "TRACKINGINFO",
  since: "6.2.0",
  summary: "Tells whether the connection hears of changes to keys that it has read.",
  run(_context, _args, reply) {
    reply.map(3);
    reply.bulkText("flags");
    reply.set(1);
    reply.bulkText("off");
    reply.bulkText("redirect");
    reply.integer(-1);
    reply.bulkText("prefixes");
    reply.array(0);
  },
});
