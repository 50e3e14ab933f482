import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { formatDecimals, parseDouble } from "../../values/double-text.ts";
import { formatFixed } from "../../values/fixed-format.ts";
import { type Coordinates, isWithin } from "../../values/geo/geohash.ts";

/** A double that an argument spells. Throws `message` for what is none. */
export function readDouble(args: Arguments, index: number, message: string = errors.notFloat): number {
  const value = parseDouble(args.buffer, args.start(index), args.end(index));
  if (Number.isNaN(value)) throw new CommandError(message);
  return value;
}

/** Longitude and latitude, which stand at `index`. Throws where no place has them. */
export function readPlace(args: Arguments, index: number): Coordinates {
  const place = { longitude: readDouble(args, index), latitude: readDouble(args, index + 1) };
  if (isWithin(place)) return place;
  const pair = `${sixDecimals(place.longitude)},${sixDecimals(place.latitude)}`;
  throw new CommandError(`ERR invalid longitude,latitude pair ${pair}`);
}

/** As the C library prints "%f". */
function sixDecimals(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Math.abs(value) < 1e21 ? formatFixed(value, 6) : `${BigInt(value)}.000000`;
}

const units: Readonly<Record<string, number>> = { m: 1, km: 1000, ft: 0.3048, mi: 1609.34 };

/** Meters of the unit that an argument names. */
export function readUnit(args: Arguments, index: number): number {
  const meters = units[args.latin1(index).toLowerCase()];
  if (meters === undefined) throw new CommandError("ERR unsupported unit provided. please use M, KM, FT, MI");
  return meters;
}

/** Longitude and latitude as a pair. */
export function replyPlace(reply: ReplyWriter, { longitude, latitude }: Coordinates): void {
  reply.array(2);
  reply.double(formatDecimals(longitude));
  reply.double(formatDecimals(latitude));
}

/** A distance in the unit that was asked for, with four decimals. */
export function replyDistance(reply: ReplyWriter, distance: number): void {
  reply.bulkLatin1(formatFixed(distance, 4));
}
