import { command } from "../../dispatch/command.ts";
import { keyAt, keysAfter } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Address } from "../../memory/heap.ts";
import * as record from "../../memory/record.ts";
import type { MigratingKey } from "../../dispatch/ports.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import { dumpValue } from "../../persistence/rdb/dumped-value.ts";
import { OptionReader } from "../options/option-reader.ts";

const optionsFrom = 6;
const defaultTimeoutMs = 1000;
/** The longest delay that a timer accepts. */
const maxTimerMs = 2_147_483_647;

interface MigrateOptions {
  copies: boolean;
  replaces: boolean;
  credentials: Uint8Array[];
  /** Positions of the arguments that are keys. */
  keys: number[];
}

const range = (first: number, end: number): number[] => Array.from({ length: end - first }, (_, at) => first + at);

function readOptions(args: Arguments): MigrateOptions {
  const found: MigrateOptions = { copies: false, replaces: false, credentials: [], keys: [3] };
  const options = new OptionReader(args, optionsFrom);
  while (options.next()) {
    if (options.is("copy")) {
      found.copies = true;
    } else if (options.is("replace")) {
      found.replaces = true;
    } else if (options.is("auth", 1)) {
      found.credentials = [args.bytes(options.value())];
    } else if (options.is("auth2", 2)) {
      found.credentials = [args.bytes(options.value()), args.bytes(options.value())];
    } else if (options.is("keys")) {
      if (args.length(3) > 0) {
        throw new CommandError("ERR When using MIGRATE KEYS option, the key argument must be set to the empty string");
      }
      found.keys = range(options.value(), args.count);
      break;
    } else {
      options.refuse();
    }
  }
  return found;
}

/** For routing and COMMAND GETKEYS. A request that names keys in both ways is invalid and counts as having none. */
function findKeys(args: Arguments): number[] {
  for (let index = optionsFrom; index < args.count; index++) {
    if (args.is(index, "keys")) return args.length(3) > 0 ? [] : range(index + 1, args.count);
    if (args.is(index, "auth")) index++;
    else if (args.is(index, "auth2")) index += 2;
  }
  return [3];
}

/** The key in the form that is sent; undefined when it has expired. */
function migratingKey({ keyspace, server, now }: Context, key: Uint8Array, address: Address): MigratingKey | undefined {
  const { heap } = keyspace;
  const leftMs = record.hasExpiry(heap, address) ? record.expiryOf(heap, address) - now : undefined;
  if (leftMs !== undefined && leftMs < 0) return undefined;
  return { key, payload: dumpValue(server, address), timeToLiveMs: leftMs === undefined ? 0 : Math.max(leftMs, 1) };
}

function readKeys(context: Context, args: Arguments, indexes: readonly number[]): MigratingKey[] {
  return indexes.flatMap((index) => {
    const address = context.database.read(args, index);
    const key = address === 0 ? undefined : migratingKey(context, args.bytes(index), address);
    return key === undefined ? [] : [key];
  });
}

export const migrate = command({
  name: "MIGRATE",
  group: "generic",
  since: "2.6.0",
  complexity: "O(N) with N being the size of the values, here and at the target",
  summary: "Moves keys to another server, or copies them there.",
  syntax:
    'host port (key | "") destination-db:integer timeout:integer [COPY] [REPLACE] [[AUTH=password] | ' +
    "[AUTH2={username password}]] [KEYS=key...]",
  flags: ["write"],
  categories: ["dangerous"],
  keys: [keyAt(3, "RW access delete"), keysAfter("KEYS", -2, "RW access delete incomplete")],
  findKeys,
  tips: ["nondeterministic_output"],
  isSecret(args, index) {
    const isBehind = (word: string, distance: number): boolean =>
      index - distance > 5 && args.is(index - distance, word);
    return isBehind("auth", 1) || isBehind("auth2", 1) || isBehind("auth2", 2);
  },
  keyAccess: () => "RW access delete",
  run(context, args, reply) {
    const { keys: indexes, ...options } = readOptions(args);
    const timeoutMs = args.integer(5);
    const targetDatabase = args.integer(4);
    const keys = readKeys(context, args, indexes);
    if (keys.length === 0) {
      reply.simple("NOKEY");
      return;
    }
    const { migrations } = context.server;
    if (migrations === undefined || !context.mayBlock) {
      throw new CommandError("ERR MIGRATE waits for another server, which transactions and scripts cannot do");
    }
    const port = Number(args.latin1(2));
    const target = {
      host: args.text(1),
      // No server listens at port 0, so an invalid port leads to the same error as an unreachable target.
      port: Number.isInteger(port) && port > 0 && port < 65_536 ? port : 0,
      timeoutMs: timeoutMs <= 0 ? defaultTimeoutMs : Math.min(timeoutMs, maxTimerMs),
    };
    const { database, server } = context;
    migrations.begin(context, { ...options, target, targetDatabase, keys }, ({ key, payload }) => {
      const address = database.find(key, 0, key.length);
      // A key that is already missing need not be removed.
      return address === 0 || Buffer.compare(dumpValue(server, address), payload) === 0;
    });
  },
});
