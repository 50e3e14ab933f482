import { command } from "../../dispatch/command.ts";
import { joinedCluster } from "./joined-cluster.ts";

const facts = { group: "cluster", since: "3.0.0", complexity: "O(1)", arity: 1, categories: ["connection"] } as const;

export const readonly = command({
  ...facts,
  name: "READONLY",
  summary:
    "Allows reads from replicas on this connection. It has no effect: a replica passes requests on to its primary.",
  flags: ["loading", "stale", "fast"],
  run(context, _args, reply) {
    joinedCluster(context);
    reply.ok();
  },
});

export const readwrite = command({
  ...facts,
  name: "READWRITE",
  summary: "Ends the effect of READONLY on this connection.",
  flags: ["loading", "stale", "fast"],
  run(context, _args, reply) {
    joinedCluster(context);
    reply.ok();
  },
});

export const asking = command({
  ...facts,
  name: "ASKING",
  summary: "Accepts the next command after an ASK redirection. It has no effect, because nodes never send one.",
  flags: ["fast"],
  run(context, _args, reply) {
    joinedCluster(context);
    reply.ok();
  },
});
