import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { type Coordinates, coordinatesOf } from "../../values/geo/geohash.ts";
import type { Shape } from "../../values/geo/search-area.ts";
import type { SortedSetValue } from "../../collections/sorted-set-value.ts";
import { readDouble, readPlace, readUnit } from "./place-argument.ts";

/** Which of the commands it is. */
export interface SearchForm {
  readonly kind: "search" | "radius" | "radius-by-member";
  /** Argument number of the key that is searched. */
  readonly source: number;
  /** GEOSEARCHSTORE, whose target is argument 1. */
  readonly stores?: true;
  /** GEORADIUS and GEORADIUSBYMEMBER, but for their read-only forms. */
  readonly mayStore?: true;
}

/** What a search asks for. */
export interface SearchOptions {
  center: Coordinates | undefined;
  /** Meters; all of them undefined as long as nothing has been said. */
  radius: number | undefined;
  box: { readonly width: number; readonly height: number } | undefined;
  /** Meters of the unit in which distances are given. */
  unit: number;
  order: "none" | "ascending" | "descending";
  /** 0 for all. */
  count: number;
  any: boolean;
  withDistance: boolean;
  withHash: boolean;
  withPlace: boolean;
  /** Argument number of the key that the result goes to, 0 for none. */
  target: number;
  storesDistance: boolean;
  fromMember: boolean;
  fromPlace: boolean;
}

const simpleOptions: Readonly<Record<string, (options: SearchOptions) => void>> = {
  withdist: (options) => (options.withDistance = true),
  withhash: (options) => (options.withHash = true),
  withcoord: (options) => (options.withPlace = true),
  any: (options) => (options.any = true),
  asc: (options) => (options.order = "ascending"),
  desc: (options) => (options.order = "descending"),
};

/** Reads all arguments. `set` is undefined where the key has no value; then nobody's place can be looked up. */
export function readSearch(args: Arguments, form: SearchForm, set: SortedSetValue | undefined): SearchOptions {
  const options: SearchOptions = {
    center: undefined,
    radius: undefined,
    box: undefined,
    unit: 1,
    order: "none",
    count: 0,
    any: false,
    withDistance: false,
    withHash: false,
    withPlace: false,
    target: form.stores === true ? 1 : 0,
    storesDistance: false,
    fromMember: false,
    fromPlace: false,
  };
  for (let index = readFixed(args, form, set, options); index < args.count;) {
    index += readOption(args, index, form, set, options);
  }
  check(args, form, options);
  return options;
}

/** Reads what stands before the options; gives where they begin. */
function readFixed(args: Arguments, form: SearchForm, set: SortedSetValue | undefined, options: SearchOptions): number {
  if (form.kind === "search") return form.source + 1;
  if (form.kind === "radius") {
    options.center = readPlace(args, 2);
    readRadius(args, 4, options);
    return 6;
  }
  if (set !== undefined) {
    options.center = placeOfMember(set, args, 2);
    readRadius(args, 3, options);
  }
  return 5;
}

function placeOfMember(set: SortedSetValue, args: Arguments, index: number): Coordinates {
  if (!set.find(args.buffer, args.start(index), args.end(index))) {
    throw new CommandError("ERR could not decode requested zset member");
  }
  return coordinatesOf(set.score);
}

function readRadius(args: Arguments, index: number, options: SearchOptions): void {
  const radius = readDouble(args, index, "ERR need numeric radius");
  if (radius < 0) throw new CommandError("ERR radius cannot be negative");
  options.unit = readUnit(args, index + 1);
  options.radius = radius * options.unit;
}

function readBox(args: Arguments, index: number, options: SearchOptions): void {
  const width = readDouble(args, index, "ERR need numeric width");
  const height = readDouble(args, index + 1, "ERR need numeric height");
  if (width < 0 || height < 0) throw new CommandError("ERR height or width cannot be negative");
  options.unit = readUnit(args, index + 2);
  options.box = { width: width * options.unit, height: height * options.unit };
}

/** Reads the option at `index`; gives how many arguments it takes. */
function readOption(
  args: Arguments,
  index: number,
  form: SearchForm,
  set: SortedSetValue | undefined,
  options: SearchOptions,
): number {
  const word = args.latin1(index).toLowerCase();
  const more = args.count - index - 1;
  if (Object.hasOwn(simpleOptions, word)) {
    simpleOptions[word]?.(options);
    return 1;
  }
  if (word === "count" && more >= 1) {
    options.count = args.integer(index + 1);
    if (options.count <= 0) throw new CommandError("ERR COUNT must be > 0");
    return 2;
  }
  if (form.mayStore === true && (word === "store" || word === "storedist") && more >= 1) {
    options.target = index + 1;
    options.storesDistance = word === "storedist";
    return 2;
  }
  if (form.stores === true && word === "storedist") {
    options.storesDistance = true;
    return 1;
  }
  if (form.kind !== "search") throw new CommandError(errors.syntax);
  return readShape(args, index, word, set, options);
}

function readShape(
  args: Arguments,
  index: number,
  word: string,
  set: SortedSetValue | undefined,
  options: SearchOptions,
): number {
  const more = args.count - index - 1;
  if (word === "frommember" && more >= 1 && !options.fromPlace) {
    if (set !== undefined) options.center = placeOfMember(set, args, index + 1);
    options.fromMember = true;
    return 2;
  }
  if (word === "fromlonlat" && more >= 2 && !options.fromMember) {
    options.center = readPlace(args, index + 1);
    options.fromPlace = true;
    return 3;
  }
  if (word === "byradius" && more >= 2 && options.box === undefined) {
    readRadius(args, index + 1, options);
    return 3;
  }
  if (word === "bybox" && more >= 3 && options.radius === undefined) {
    readBox(args, index + 1, options);
    return 4;
  }
  throw new CommandError(errors.syntax);
}

function check(args: Arguments, form: SearchForm, options: SearchOptions): void {
  if (options.target !== 0 && (options.withDistance || options.withHash || options.withPlace)) {
    const name = form.kind === "search" ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS";
    throw new CommandError(`ERR ${name} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`);
  }
  if (form.kind === "search") {
    const name = args.latin1(0);
    if (!options.fromMember && !options.fromPlace) {
      throw new CommandError(`ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${name}`);
    }
    if (options.radius === undefined && options.box === undefined) {
      throw new CommandError(`ERR exactly one of BYRADIUS and BYBOX can be specified for ${name}`);
    }
  }
  if (options.any && options.count === 0) throw new CommandError("ERR the ANY argument requires COUNT argument");
}

/** The shape that was asked for. Only where the center is known. */
export function shapeOf({ center, radius, box }: SearchOptions): Shape {
  const known = center as Coordinates;
  if (box !== undefined) return { kind: "box", center: known, ...box };
  return { kind: "circle", center: known, radius: radius as number };
}
