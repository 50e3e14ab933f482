import { distanceMeters, earthRadiusMeters, toDegrees, toRadians } from "./distance.ts";
import { type Area, areaOf, type Cell, cellAt, type Coordinates, fullStep } from "./geohash.ts";

/** The searched area, in meters: a circle, or a box whose sides point north and east. */
export type Shape =
  | { readonly kind: "circle"; readonly center: Coordinates; readonly radius: number }
  | { readonly kind: "box"; readonly center: Coordinates; readonly width: number; readonly height: number };

/** Half of the earth's circumference in the Mercator projection, meters. */
const mercatorMaxMeters = 20037726.37;

/** The distance of a place from the center of the shape, in meters; undefined outside of the shape. */
export function distanceWithin(shape: Shape, place: Coordinates): number | undefined {
  const { center } = shape;
  if (shape.kind === "box") {
    const north = distanceMeters(place, { longitude: place.longitude, latitude: center.latitude });
    if (north > shape.height / 2) return undefined;
    const east = distanceMeters(place, { longitude: center.longitude, latitude: place.latitude });
    if (east > shape.width / 2) return undefined;
    return distanceMeters(center, place);
  }
  const distance = distanceMeters(center, place);
  return distance > shape.radius ? undefined : distance;
}

/** The cells to be searched, in the same order as in Redis: unsorted results show that order. */
export function cellsToSearch(shape: Shape): Cell[] {
  const bounds = boundsOf(shape);
  const radius = shape.kind === "circle" ? shape.radius : Math.hypot(shape.width / 2, shape.height / 2);
  let step = stepFor(radius, shape.center.latitude);
  let around = new Neighbours(cellAt(shape.center, step));
  if (step > 1 && !around.cover(bounds)) {
    step--;
    around = new Neighbours(cellAt(shape.center, step));
  }
  return withoutRepeats(step >= 2 ? around.needed(bounds) : around.all());
}

/** The finest step at which a cell and its neighbours are certain to contain the circle. */
function stepFor(radiusMeters: number, latitude: number): number {
  if (radiusMeters === 0) return fullStep;
  let step = 1;
  for (let meters = radiusMeters; meters < mercatorMaxMeters; meters *= 2) step++;
  step -= 2;
  // Cells are narrower near the poles.
  if (Math.abs(latitude) > 66) step--;
  if (Math.abs(latitude) > 80) step--;
  return Math.max(1, Math.min(fullStep, step));
}

/** The bounds of the shape in degrees. The shape is widest on the side that is further from the equator. */
function boundsOf(shape: Shape): Area {
  const { longitude, latitude } = shape.center;
  const height = shape.kind === "circle" ? shape.radius : shape.height / 2;
  const width = shape.kind === "circle" ? shape.radius : shape.width / 2;
  const latitudeDelta = toDegrees(height / earthRadiusMeters);
  const widest = latitude < 0 ? latitude - latitudeDelta : latitude + latitudeDelta;
  const longitudeDelta = toDegrees(width / earthRadiusMeters / Math.cos(toRadians(widest)));
  return {
    west: longitude - longitudeDelta,
    east: longitude + longitudeDelta,
    south: latitude - latitudeDelta,
    north: latitude + latitudeDelta,
  };
}

/** Columns and rows from the middle, in Redis's order: itself, N, S, E, W, NE, NW, SE, SW. */
const directions: readonly (readonly [east: number, north: number])[] = [
  [0, 0],
  [0, 1],
  [0, -1],
  [1, 0],
  [-1, 0],
  [1, 1],
  [-1, 1],
  [1, -1],
  [-1, -1],
];

class Neighbours {
  readonly #middle: Cell;

  constructor(middle: Cell) {
    this.#middle = middle;
  }

  /** The edges of the grid are connected: columns and rows wrap around. */
  #at(east: number, north: number): Cell {
    const { column, row, step } = this.#middle;
    const parts = 2 ** step;
    const round = (index: number): number => ((index % parts) + parts) % parts;
    if (east === 0 && north === 0) return this.#middle;
    return {
      column: east === 0 ? column : round(column + east),
      row: north === 0 ? row : round(row + north),
      step,
    };
  }

  /** Whether the four adjacent cells include the bounds. */
  cover(bounds: Area): boolean {
    return (
      areaOf(this.#at(0, 1)).north >= bounds.north &&
      areaOf(this.#at(0, -1)).south <= bounds.south &&
      areaOf(this.#at(1, 0)).east >= bounds.east &&
      areaOf(this.#at(-1, 0)).west <= bounds.west
    );
  }

  all(): Cell[] {
    return directions.map(([east, north]) => this.#at(east, north));
  }

  /** The needed cells: where the middle cell alone reaches the bounds, those beyond are left out. */
  needed(bounds: Area): Cell[] {
    const middle = areaOf(this.#middle);
    const isNeeded = ([east, north]: readonly [number, number]): boolean =>
      !(north < 0 && middle.south < bounds.south) &&
      !(north > 0 && middle.north > bounds.north) &&
      !(east < 0 && middle.west < bounds.west) &&
      !(east > 0 && middle.east > bounds.east);
    return directions.filter(isNeeded).map(([east, north]) => this.#at(east, north));
  }
}

/** Where the grid has few cells, the neighbours on both sides are the same cell. */
const withoutRepeats = (cells: readonly Cell[]): Cell[] =>
  cells.filter((cell, at) => {
    const before = cells[at - 1];
    return before === undefined || before.column !== cell.column || before.row !== cell.row;
  });
