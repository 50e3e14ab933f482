import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SeededRandom } from "../../../tools/seeded-random.ts";
import type { DamageFiles } from "./damage-files.ts";
import { DamageLoader, keptBytes, type Outcome, removeCuts } from "./damage-loader.ts";

/** Every cut of a file, or every change of one bit; or a sample of them. */
export type DamageKind = "cut" | "flip";
export type DamagedFile = "log" | "earlier" | "base" | "manifest" | "snapshot";
const logFiles = ["log", "earlier", "base", "manifest", "snapshot"] as const;

export interface DamageCount {
  readonly file: DamagedFile;
  readonly kind: DamageKind;
  readonly tried: number;
  readonly refused: number;
  /** Loaded, with all data. */
  readonly harmless: number;
  /** Loaded, with the data of the whole units before the cut. */
  readonly prefixes: number;
}

/** Damages of which a run tries only some: a sample, or every `of`th from `part` on. */
export type DamageChoice =
  | { readonly size: number; readonly random: SeededRandom }
  | { readonly part: number; readonly of: number };

/** Damage that was neither found nor harmless. */
export class DamageMissedError extends Error {}

/** Loads damaged copies of files, and judges what comes of it. */
export class DamageRun {
  readonly #files: DamageFiles;
  readonly #loader: DamageLoader;
  readonly #contents: Readonly<Record<DamagedFile, Buffer>>;
  /** Where each file is loaded from. */
  readonly #paths: Readonly<Record<DamagedFile, string>>;
  readonly #snapshotDigest: string;

  private constructor(files: DamageFiles, loader: DamageLoader) {
    this.#files = files;
    this.#loader = loader;
    const { folder, dir } = loader;
    const place = (path: string): string => join(folder, path.slice(path.lastIndexOf("/") + 1));
    const { log, earlier, base, manifest, snapshot } = files;
    this.#paths = {
      log: place(log),
      earlier: place(earlier),
      base: place(base),
      manifest: place(manifest),
      snapshot: join(dir, "dump.rdb"),
    };
    this.#contents = {
      log: readFileSync(log),
      earlier: readFileSync(earlier),
      base: readFileSync(base),
      manifest: readFileSync(manifest),
      snapshot: readFileSync(snapshot),
    };
    for (const name of logFiles) this.#restore(name);
    this.#snapshotDigest = digestOf(loader.loadSnapshot(this.#paths.snapshot));
    const whole = digestOf(loader.loadLog());
    if (whole !== files.units.at(-1)?.digest) throw new Error("the files do not hold the data that was written");
  }

  static async open(files: DamageFiles): Promise<DamageRun> {
    return new DamageRun(files, await DamageLoader.open());
  }

  close(): Promise<void> {
    return this.#loader.close();
  }

  #restore(file: DamagedFile): void {
    writeFileSync(this.#paths[file], this.#contents[file]);
  }

  /** Number of different damages of a kind. */
  countOf(file: DamagedFile, kind: DamageKind): number {
    return this.#contents[file].length * (kind === "cut" ? 1 : 8);
  }

  /** Tries all damages of one kind, or those of `choice`. Throws DamageMissedError. */
  run(file: DamagedFile, kind: DamageKind, choice?: DamageChoice): DamageCount {
    const count = { file, kind, tried: 0, refused: 0, harmless: 0, prefixes: 0 };
    try {
      for (const place of chosenPlaces(this.countOf(file, kind), choice)) {
        count[this.#judge(file, kind, place)]++;
        count.tried++;
      }
    } finally {
      this.#restore(file);
      removeCuts(this.#loader.folder);
    }
    return count;
  }

  #judge(file: DamagedFile, kind: DamageKind, place: number): "refused" | "harmless" | "prefixes" {
    const damaged = damage(this.#contents[file], kind, place);
    const path = this.#paths[file];
    writeFileSync(path, damaged);
    const missed = (what: string): never => {
      throw new DamageMissedError(`${kind} ${place} of the ${file} (${path}): ${what}`);
    };
    const outcome = file === "snapshot" ? this.#loader.loadSnapshot(path) : this.#loader.loadLog();
    for (const other of logFiles) {
      const expected = other === file ? damaged : this.#contents[other];
      if (Buffer.compare(keptBytes(this.#paths[other]), expected) !== 0) missed(`the ${other} changed, without a copy`);
    }
    if ("refused" in outcome) {
      if (!outcome.refused.includes(path)) missed(`the refusal does not name the file: ${outcome.refused}`);
      return "refused";
    }
    removeCuts(this.#loader.folder);
    const whole = file === "snapshot" ? this.#snapshotDigest : this.#files.units.at(-1)?.digest;
    if (outcome.digest === whole) return "harmless";
    const before = this.#files.units.findLast(({ bytes }) => bytes <= place);
    if (kind === "cut" && file === "log" && outcome.digest === before?.digest) return "prefixes";
    return missed("it was loaded, with other data");
  }
}

/** Places below `all`. A sample that is as large as all of them is all of them. */
function* chosenPlaces(all: number, choice: DamageChoice = { part: 1, of: 1 }): Generator<number> {
  if ("part" in choice) {
    for (let place = choice.part - 1; place < all; place += choice.of) yield place;
  } else if (choice.size >= all) yield* chosenPlaces(all);
  else for (let count = 0; count < choice.size; count++) yield choice.random.below(all);
}

function damage(bytes: Buffer, kind: DamageKind, place: number): Buffer {
  if (kind === "cut") return bytes.subarray(0, place);
  const flipped = Buffer.from(bytes);
  flipped[place >> 3] = (flipped[place >> 3] as number) ^ (1 << (place & 7));
  return flipped;
}

function digestOf(outcome: Outcome): string {
  if ("refused" in outcome) throw new Error(outcome.refused);
  return outcome.digest;
}
