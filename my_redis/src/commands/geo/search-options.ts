import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import { type Coordinates, coordinatesOf } from "../../values/geo/geohash.ts";
import type { Shape } from "../../values/geo/search-area.ts";
import type { SortedSetValue } from "../../collections/sorted-set-value.ts";
import { readDouble, readPlace, readUnit } from "./place-argument.ts";
import { OptionReader } from "../options/option-reader.ts";

/** Which of the commands is running. */
export interface SearchForm {
  readonly kind: "search" | "radius" | "radius-by-member";
  /** Position of the key that is searched. */
  readonly source: number;
  /** Set for GEOSEARCHSTORE, whose destination is argument 1. */
  readonly stores?: true;
  /** Set for GEORADIUS and GEORADIUSBYMEMBER, but not for their read-only forms. */
  readonly mayStore?: true;
}

/** The options of a search. */
export interface SearchOptions {
  center: Coordinates | undefined;
  /** Meters; undefined until the option is read. */
  radius: number | undefined;
  box: { readonly width: number; readonly height: number } | undefined;
  /** The length in meters of the unit in which distances are returned. */
  unit: number;
  order: "none" | "ascending" | "descending";
  /** 0 for all members. */
  count: number;
  any: boolean;
  withDistance: boolean;
  withHash: boolean;
  withPlace: boolean;
  /** Position of the destination key; 0 when the result is not stored. */
  target: number;
  storesDistance: boolean;
  fromMember: boolean;
  fromPlace: boolean;
}

const switches: Readonly<Record<string, (found: SearchOptions) => void>> = {
  withdist: (found) => (found.withDistance = true),
  withhash: (found) => (found.withHash = true),
  withcoord: (found) => (found.withPlace = true),
  any: (found) => (found.any = true),
  asc: (found) => (found.order = "ascending"),
  desc: (found) => (found.order = "descending"),
};

/** Reads all arguments. When the key is missing, `set` is undefined and a member's place is not looked up. */
export function readSearch(args: Arguments, form: SearchForm, set: SortedSetValue | undefined): SearchOptions {
  const found: SearchOptions = {
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
  const options = new OptionReader(args, readFixed(args, form, set, found));
  while (options.next()) readOption(args, options, form, set, found);
  check(args, form, found);
  return found;
}

/** Reads the arguments before the options. Returns the position of the first option. */
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

function readOption(
  args: Arguments,
  options: OptionReader,
  form: SearchForm,
  set: SortedSetValue | undefined,
  found: SearchOptions,
): void {
  const turnOn = switches[Object.keys(switches).find((word) => options.is(word)) ?? ""];
  if (turnOn !== undefined) {
    turnOn(found);
  } else if (options.is("count", 1)) {
    found.count = options.integer();
    if (found.count <= 0) throw new CommandError("ERR COUNT must be > 0");
  } else if (form.mayStore === true && (options.is("store", 1) || options.is("storedist", 1))) {
    found.storesDistance = options.is("storedist");
    found.target = options.value();
  } else if (form.stores === true && options.is("storedist")) {
    found.storesDistance = true;
  } else if (form.kind === "search") {
    readShape(args, options, set, found);
  } else {
    options.refuse();
  }
}

function readShape(
  args: Arguments,
  options: OptionReader,
  set: SortedSetValue | undefined,
  found: SearchOptions,
): void {
  const first = options.index + 1;
  if (options.is("frommember", 1) && !found.fromPlace) {
    if (set !== undefined) found.center = placeOfMember(set, args, first);
    found.fromMember = true;
    options.skip(1);
  } else if (options.is("fromlonlat", 2) && !found.fromMember) {
    found.center = readPlace(args, first);
    found.fromPlace = true;
    options.skip(2);
  } else if (options.is("byradius", 2) && found.box === undefined) {
    readRadius(args, first, found);
    options.skip(2);
  } else if (options.is("bybox", 3) && found.radius === undefined) {
    readBox(args, first, found);
    options.skip(3);
  } else {
    options.refuse();
  }
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

/** The requested shape. The center must be known. */
export function shapeOf({ center, radius, box }: SearchOptions): Shape {
  const known = center as Coordinates;
  if (box !== undefined) return { kind: "box", center: known, ...box };
  return { kind: "circle", center: known, radius: radius as number };
}
