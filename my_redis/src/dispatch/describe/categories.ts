import type { Command, CommandGroup } from "../command.ts";

/** ACL categories, in the order in which Redis lists them. */
export const categoryNames = [
  "keyspace",
  "read",
  "write",
  "set",
  "sortedset",
  "list",
  "hash",
  "string",
  "bitmap",
  "hyperloglog",
  "geo",
  "stream",
  "pubsub",
  "admin",
  "fast",
  "slow",
  "blocking",
  "dangerous",
  "connection",
  "transaction",
  "scripting",
] as const;

const ofGroup: Partial<Record<CommandGroup, (typeof categoryNames)[number]>> = {
  generic: "keyspace",
  string: "string",
  list: "list",
  set: "set",
  "sorted-set": "sortedset",
  hash: "hash",
  transactions: "transaction",
  connection: "connection",
  scripting: "scripting",
  hyperloglog: "hyperloglog",
  geo: "geo",
  stream: "stream",
  bitmap: "bitmap",
};

/** The ACL categories of a command. They follow from its flags and group; its entry names the others. */
export function categoriesOf(entry: Command): string[] {
  const { flagSet, run } = entry;
  const found = new Set<string>(entry.categories ?? []);
  if (flagSet.has("write")) found.add("write");
  if (flagSet.has("readonly") && entry.group !== "scripting") found.add("read");
  if (flagSet.has("admin")) found.add("admin").add("dangerous");
  if (flagSet.has("pubsub")) found.add("pubsub");
  if (flagSet.has("blocking")) found.add("blocking");
  found.add(flagSet.has("fast") ? "fast" : "slow");
  // A pure container has no group's category; its subcommands have. Commands about connections are not about keys,
  // whatever their group is (WAIT is generic). SORT names the types of the values that it accepts instead.
  const group = run === undefined || found.has("connection") || found.has("list") ? undefined : ofGroup[entry.group];
  if (group !== undefined) found.add(group);
  return categoryNames.filter((name) => found.has(name));
}
