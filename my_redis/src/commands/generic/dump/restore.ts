import { command } from "../../../dispatch/command.ts";
import { keyAt } from "../../../dispatch/key-specification.ts";
import type { Context } from "../../../dispatch/context.ts";
import type { Address } from "../../../memory/heap.ts";
import type { Keyspace } from "../../../keyspace/keyspace.ts";
import * as record from "../../../memory/record.ts";
import type { ByteRange } from "../../../memory/byte-range.ts";
import { decodeValue } from "../../../persistence/rdb/decode-value.ts";
import { openPayload } from "../../../persistence/rdb/dump-payload.ts";
import { RdbFormatError } from "../../../persistence/rdb/rdb-format-error.ts";
import { RdbReader } from "../../../persistence/rdb/rdb-reader.ts";
import type { Arguments } from "../../../protocol/arguments.ts";
import { CommandError } from "../../../protocol/command-error.ts";
import { DetachedValueBuilder } from "../../../collections/value-builder.ts";
import { OptionReader } from "../../options/option-reader.ts";

interface RestoreOptions {
  replace: boolean;
  /** ABSTTL: the time to live is a Unix time. */
  absolute: boolean;
  /** Seconds; -1 when not given. */
  idleSeconds: number;
  /** 0 to 255; -1 when not given. */
  frequency: number;
}

function readOptions(args: Arguments): RestoreOptions {
  const found: RestoreOptions = { replace: false, absolute: false, idleSeconds: -1, frequency: -1 };
  const options = new OptionReader(args, 4);
  while (options.next()) {
    if (options.is("replace")) {
      found.replace = true;
    } else if (options.is("absttl")) {
      found.absolute = true;
    } else if (options.is("idletime", 1) && found.frequency < 0) {
      found.idleSeconds = options.integer();
      if (found.idleSeconds < 0) throw new CommandError("ERR Invalid IDLETIME value, must be >= 0");
    } else if (options.is("freq", 1) && found.idleSeconds < 0) {
      found.frequency = options.integer();
      if (found.frequency < 0 || found.frequency > 255) {
        throw new CommandError("ERR Invalid FREQ value, must be >= 0 and <= 255");
      }
    } else {
      options.refuse();
    }
  }
  return found;
}

/** When the key expires, in Unix milliseconds; undefined for never. */
function readExpiry(context: Context, args: Arguments, absolute: boolean): number | undefined {
  const given = args.int64(2);
  if (given < 0n) throw new CommandError("ERR Invalid TTL value, must be >= 0");
  if (given === 0n) return undefined;
  // As in Redis, a sum beyond 64 bits wraps around to the distant past.
  return Number(absolute ? given : BigInt.asIntN(64, given + BigInt(context.now)));
}

/** Builds the value of a payload. Throws when the payload is invalid. */
function build(context: Context, args: Arguments): DetachedValueBuilder {
  const payload = openPayload(args.range(3), context.server.execution.skipsPayloadChecksums);
  if (payload === undefined) throw new CommandError("ERR DUMP payload version or checksum are wrong");
  const builder = new DetachedValueBuilder(context.database, args.view(1));
  try {
    decode(payload, builder);
  } catch (error) {
    builder.discard();
    if (!(error instanceof RdbFormatError)) throw error;
    throw new CommandError("ERR Bad data format");
  }
  return builder;
}

function decode(payload: ByteRange, builder: DetachedValueBuilder): void {
  const reader = new RdbReader(payload);
  decodeValue(reader.byte(), reader, builder);
}

/** The log gets the moment of expiry instead of a time to live, because it is replayed later. */
function logMoment(context: Context, args: Arguments, expiryMs: number): void {
  const rest = Array.from({ length: args.count - 3 }, (_, index) => args.bytes(index + 3));
  context.logAs("RESTORE", args.bytes(1), expiryMs, ...rest, "ABSTTL");
}

/** Restores the sender's idle time or access frequency, whichever the eviction policy here uses. */
function setUse({ accessClock, heap }: Keyspace, address: Address, { idleSeconds, frequency }: RestoreOptions): void {
  if (accessClock.countsAccesses) {
    if (frequency >= 0) record.setAccessClock(heap, address, accessClock.countedAs(frequency));
  } else if (idleSeconds >= 0) {
    record.setAccessClock(heap, address, accessClock.idleFor(idleSeconds));
  }
}

export const restore = command({
  name: "RESTORE",
  group: "generic",
  since: "2.6.0",
  complexity: "O(N) with N being the size of the value; O(N*log(N)) for a sorted set",
  summary: "Creates a key from a value that DUMP has serialized, here or in Redis.",
  syntax: "key ttl:integer serialized-value [REPLACE] [ABSTTL] [IDLETIME=seconds] [FREQ=frequency:integer]",
  flags: ["write", "denyoom"],
  keepsElements: true,
  categories: ["dangerous"],
  keys: keyAt(1, "OW update"),
  run(context, args, reply) {
    const { database, keyspace, now } = context;
    const options = readOptions(args);
    const { replace, absolute } = options;
    if (!replace && database.write(args, 1) !== 0) throw new CommandError("BUSYKEY Target key name already exists.");
    const expiryMs = readExpiry(context, args, absolute);
    const builder = build(context, args);
    const existed = replace && database.delete(args, 1);
    reply.ok();
    if (expiryMs !== undefined && expiryMs <= now && keyspace.expires) {
      builder.discard();
      if (!existed) return;
      context.logAs("DEL", args.bytes(1));
      database.changed(args, 1, "del");
      return;
    }
    let address = builder.moveTo(database);
    if (expiryMs !== undefined) {
      address = database.setExpiry(address, expiryMs);
      if (!absolute) logMoment(context, args, expiryMs);
    }
    setUse(keyspace, address, options);
    database.changed(args, 1, "restore");
  },
});
