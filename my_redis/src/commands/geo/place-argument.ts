import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { formatDecimals, parseDouble } from "../../values/double-text.ts";
import { formatFixed } from "../../values/fixed-format.ts";
import { type Coordinates, isWithin } from "../../values/geo/geohash.ts";

/** Reads a double. Throws `message` when the argument is not one. */
export function readDouble(args: Arguments, index: number, message: string = errors.notFloat): number {
  const value = parseDouble(args.buffer, args.start(index), args.end(index));
  if (Number.isNaN(value)) throw new CommandError(message);
  return value;
}

/** Reads longitude and latitude at `index`. Throws when they are out of range. */
export function readPlace(args: Arguments, index: number): Coordinates {
  const place = { longitude: readDouble(args, index), latitude: readDouble(args, index + 1) };
  if (isWithin(place)) return place;
  const pair = `${sixDecimals(place.longitude)},${sixDecimals(place.latitude)}`;
  throw new CommandError(`ERR invalid longitude,latitude pair ${pair}`);
}

/** Formats a number as C's "%f" does. */
function sixDecimals(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Math.abs(value) < 1e21 ? formatFixed(value, 6) : `${BigInt(value)}.000000`;
}

const units: Readonly<Record<string, number>> = { m: 1, km: 1000, ft: 0.3048, mi: 1609.34 };

/** The length in meters of the unit that an argument names. */
export function readUnit(args: Arguments, index: number): number {
  const meters = units[args.latin1(index).toLowerCase()];
  if (meters === undefined) throw new CommandError("ERR unsupported unit provided. please use M, KM, FT, MI");
  return meters;
}

/** Writes longitude and latitude as a pair. */
export function replyPlace(reply: ReplyWriter, { longitude, latitude }: Coordinates): void {
  reply.array(2);
  reply.double(formatDecimals(longitude));
  reply.double(formatDecimals(latitude));
}

/** Writes a distance in the requested unit, with four decimals. */
export function replyDistance(reply: ReplyWriter, distance: number): void {
  reply.bulkLatin1(formatFixed(distance, 4));
}
