import type { Coordinates } from "./geohash.ts";

/** Redis's value. */
export const earthRadiusMeters = 6372797.560856;
const radiansPerDegree = Math.PI / 180;

export const toRadians = (degrees: number): number => degrees * radiansPerDegree;
export const toDegrees = (radians: number): number => radians / radiansPerDegree;

/** Meters between two places on a sphere, by the haversine formula. */
export function distanceMeters(one: Coordinates, other: Coordinates): number {
  const oneLatitude = toRadians(one.latitude);
  const otherLatitude = toRadians(other.latitude);
  const v = Math.sin((toRadians(other.longitude) - toRadians(one.longitude)) / 2);
  if (v === 0) return earthRadiusMeters * Math.abs(otherLatitude - oneLatitude);
  const u = Math.sin((otherLatitude - oneLatitude) / 2);
  const a = u * u + Math.cos(oneLatitude) * Math.cos(otherLatitude) * v * v;
  return 2 * earthRadiusMeters * Math.asin(Math.sqrt(a));
}
