import type { Client } from "../../../dispatch/client.ts";
import type { Arguments } from "../../../protocol/arguments.ts";
import { CommandError } from "../../../protocol/command-error.ts";

export type ClientKind = "normal" | "master" | "replica" | "pubsub";

const kinds = new Map<string, ClientKind>([
  ["normal", "normal"],
  ["master", "master"],
  ["slave", "replica"],
  ["replica", "replica"],
  ["pubsub", "pubsub"],
]);

export function kindOf({ isReplica, kind, subscriptions }: Client): ClientKind {
  if (kind === "primary") return "master";
  if (isReplica) return "replica";
  return subscriptions === undefined ? "normal" : "pubsub";
}

/** The kind of client that an argument names. Throws for an unknown kind. */
export function readClientKind(args: Arguments, index: number): ClientKind {
  const given = args.latin1(index);
  const kind = kinds.get(given.toLowerCase());
  if (kind === undefined) throw new CommandError(`ERR Unknown client type '${given}'`);
  return kind;
}
