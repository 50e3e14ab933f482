import { command } from "../../dispatch/command.ts";
import { usageOf } from "../../dispatch/describe/syntax-usage.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import type { Database } from "../../keyspace/database.ts";
import type { Address } from "../../memory/heap.ts";
import * as record from "../../memory/record.ts";
import { encodingName } from "../../keyspace/value-names.ts";
import { CommandError } from "../../protocol/command-error.ts";
import type { Settings } from "../../settings/settings.ts";
import { readSafeInteger } from "../../collections/string-value.ts";

/** The reference count that Redis reports for the integers 0 to 9999, because all keys share one object for each. */
const sharedReferences = 2147483647;
const sharedIntegers = 10_000;
const noIdleTime =
  "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies " +
  "at runtime LRU and LFU data will take some time to adjust.";
const notFrequency =
  "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching " +
  "between policies at runtime LRU and LFU data will take some time to adjust.";

const onKey = {
  group: "generic",
  complexity: "O(1)",
  brief: true,
  syntax: "key",
  flags: ["readonly"],
  categories: ["keyspace"],
  keys: keyAt(2, "RO"),
  tips: ["nondeterministic_output"],
} as const;

const encoding = command({
  ...onKey,
  name: "OBJECT ENCODING",
  since: "2.2.3",
  summary: "Names the internal encoding of a key's value.",
  run({ database, keyspace }, args, reply) {
    const address = database.readSilently(args, 2);
    if (address === 0) reply.null();
    else reply.bulkText(encodingName(keyspace.heap, address));
  },
});

const refcount = command({
  ...onKey,
  name: "OBJECT REFCOUNT",
  since: "2.2.3",
  summary: "Returns the number of references to a key's value: one, except for small integers, which are shared.",
  run({ database, server }, args, reply) {
    const address = database.readSilently(args, 2);
    if (address === 0) reply.null();
    else reply.integer(sharesIntegers(server.settings) && isShared(database, address) ? sharedReferences : 1);
  },
});

/**
 * An eviction policy that tracks each key's use needs an object for each key. So Redis does not share integers then.
 */
function sharesIntegers({ values }: Settings): boolean {
  return values.maxmemory === 0 || !/lru|lfu/.test(values["maxmemory-policy"]);
}

function isShared({ keyspace: { heap } }: Database, address: Address): boolean {
  if (record.kindOf(heap, address) !== (record.valueType.string | (record.encoding.integer << 4))) return false;
  const value = readSafeInteger(heap, address);
  return value >= 0 && value < sharedIntegers;
}

const idletime = command({
  ...onKey,
  name: "OBJECT IDLETIME",
  since: "2.2.3",
  summary: "Returns for how many seconds a key has not been used.",
  run({ database, keyspace }, args, reply) {
    const { accessClock, heap } = keyspace;
    const address = database.readSilently(args, 2);
    if (address === 0) reply.null();
    else if (accessClock.countsAccesses) throw new CommandError(noIdleTime);
    else reply.integer(accessClock.idleSeconds(record.accessClockOf(heap, address)));
  },
});

const freq = command({
  ...onKey,
  name: "OBJECT FREQ",
  since: "4.0.0",
  summary: "Returns how often a key is used, on a logarithmic scale, for the LFU eviction policies.",
  run({ database, keyspace }, args, reply) {
    const { accessClock, heap } = keyspace;
    const address = database.readSilently(args, 2);
    if (address === 0) reply.null();
    else if (!accessClock.countsAccesses) throw new CommandError(notFrequency);
    else reply.integer(accessClock.frequency(record.accessClockOf(heap, address)));
  },
});

const help = command({
  name: "OBJECT HELP",
  group: "generic",
  since: "6.2.0",
  complexity: "O(1)",
  brief: true,
  summary: "Lists the subcommands.",
  flags: ["loading", "stale"],
  categories: ["keyspace"],
  run(_context, _args, reply) {
    const subcommands = [encoding, freq, help, idletime, refcount];
    reply.array(1 + subcommands.length * 2);
    reply.simple("OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    for (const { name, syntax, summary } of subcommands) {
      reply.simple(`${name} ${usageOf(syntax)}`.trimEnd());
      reply.simple(`    ${summary}`);
    }
  },
});

export const object = command({
  name: "OBJECT",
  group: "generic",
  since: "2.2.3",
  complexity: "O(1)",
  brief: true,
  summary: "Groups the commands that show how the value of a key is stored.",
  flags: [],
  subcommands: [encoding, freq, help, idletime, refcount],
});
