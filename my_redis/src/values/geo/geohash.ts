/**
 * Geohashes as Redis stores them: longitude and latitude, each divided into 2^step parts of its range, with their bits
 * in turn (latitude in the even bits). With the full step of 26, the 52 bits are the score of a member.
 */
export const fullStep = 26;

export interface Coordinates {
  readonly longitude: number;
  readonly latitude: number;
}

/** One cell of the grid: its column among the longitudes and its row among the latitudes, counted from the least. */
export interface Cell {
  readonly column: number;
  readonly row: number;
  readonly step: number;
}

/** Degrees. */
export interface Area {
  readonly west: number;
  readonly east: number;
  readonly south: number;
  readonly north: number;
}

interface Ranges {
  readonly longitude: readonly [number, number];
  readonly latitude: readonly [number, number];
}

/** The ranges of the Mercator projection (EPSG:900913). No member is outside of them. */
export const mercator: Ranges = { longitude: [-180, 180], latitude: [-85.05112878, 85.05112878] };
/** The ranges of the standard geohash. */
const standard: Ranges = { longitude: [-180, 180], latitude: [-90, 90] };

const alphabet = "0123456789bcdefghjkmnpqrstuvwxyz";
const textLength = 11;
const twoTo32 = 4294967296;

export const isWithin = ({ longitude, latitude }: Coordinates): boolean =>
  longitude >= mercator.longitude[0] &&
  longitude <= mercator.longitude[1] &&
  latitude >= mercator.latitude[0] &&
  latitude <= mercator.latitude[1];

export function cellAt({ longitude, latitude }: Coordinates, step: number, ranges = mercator): Cell {
  const part = (value: number, [least, greatest]: readonly [number, number]): number =>
    Math.trunc(((value - least) / (greatest - least)) * 2 ** step);
  return { column: part(longitude, ranges.longitude), row: part(latitude, ranges.latitude), step };
}

/** The bits of a cell. At the upper end of both ranges, there is one bit more than two per step. */
export function bitsOf({ column, row }: Cell): number {
  const low = spread(row & 0xffff) | (spread(column & 0xffff) << 1);
  const high = spread(row >>> 16) | (spread(column >>> 16) << 1);
  return (high >>> 0) * twoTo32 + (low >>> 0);
}

/** The first score of a cell. The scores of the next cell, in the order of bits, begin where this cell's end. */
export const firstScore = (bits: number, step: number): number => bits * 2 ** (52 - step * 2);

/** The cell of a score of any value, converted like a 64-bit integer without sign. */
export function cellOfScore(score: number): Cell {
  const whole = Math.trunc(score);
  const plain = whole >= 0 && whole <= Number.MAX_SAFE_INTEGER;
  const low = plain ? whole >>> 0 : Number(BigInt.asUintN(32, asUnsigned(whole)));
  const high = plain ? Math.floor(whole / twoTo32) : Number(asUnsigned(whole) >> 32n);
  return {
    column: (gather(low >>> 1) | (gather(high >>> 1) << 16)) >>> 0,
    row: (gather(low) | (gather(high) << 16)) >>> 0,
    step: fullStep,
  };
}

function asUnsigned(value: number): bigint {
  if (value >= 2 ** 64) return 0n;
  return value < -(2 ** 63) ? 2n ** 63n : BigInt.asUintN(64, BigInt(value));
}

export function areaOf({ column, row, step }: Cell): Area {
  const parts = 2 ** step;
  const edge = (index: number, [least, greatest]: readonly [number, number]): number =>
    least + (index / parts) * (greatest - least);
  return {
    west: edge(column, mercator.longitude),
    east: edge(column + 1, mercator.longitude),
    south: edge(row, mercator.latitude),
    north: edge(row + 1, mercator.latitude),
  };
}

/** The middle of the cell of a score. */
export function coordinatesOf(score: number): Coordinates {
  const { west, east, south, north } = areaOf(cellOfScore(score));
  return {
    longitude: clamp((west + east) / 2, mercator.longitude),
    latitude: clamp((south + north) / 2, mercator.latitude),
  };
}

const clamp = (value: number, [least, greatest]: readonly [number, number]): number =>
  Math.max(least, Math.min(greatest, value));

/** The score of a member at this place. */
export const scoreOf = (place: Coordinates): number => bitsOf(cellAt(place, fullStep));

/** The standard geohash of the place, as text. It has 55 bits and we have 52, so the last character is always 0. */
export function geohashText(place: Coordinates): string {
  const bits = bitsOf(cellAt(place, fullStep, standard));
  let text = "";
  for (let index = 1; index < textLength; index++) {
    text += alphabet[Math.floor(bits / 2 ** (52 - index * 5)) % 32] as string;
  }
  return `${text}0`;
}

/** Moves 16 bits to the even places of the result. */
function spread(bits: number): number {
  let value = bits;
  value = (value | (value << 8)) & 0x00ff00ff;
  value = (value | (value << 4)) & 0x0f0f0f0f;
  value = (value | (value << 2)) & 0x33333333;
  return (value | (value << 1)) & 0x55555555;
}

/** Moves the bits at even places together. */
function gather(bits: number): number {
  let value = bits & 0x55555555;
  value = (value | (value >>> 1)) & 0x33333333;
  value = (value | (value >>> 2)) & 0x0f0f0f0f;
  value = (value | (value >>> 4)) & 0x00ff00ff;
  return (value | (value >>> 8)) & 0x0000ffff;
}
