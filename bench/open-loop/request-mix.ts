const digits = 7;
/** Keys of the load: "key:0000000" and so on. */
export const keyCount = 1_000_000;
const keyPlace = "key:0000000";
const value = "v".repeat(32);
const zero = 48;
/** One in so many GETs asks for a key that is not there. */
const getsPerMiss = 50;
const missingKey = 9_999_999;

const template = (words: readonly string[]): { bytes: Uint8Array; keyEnd: number } => {
  const text = `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
  return { bytes: Buffer.from(text, "latin1"), keyEnd: text.indexOf(keyPlace) + keyPlace.length };
};

const get = template(["GET", keyPlace]);
const set = template(["SET", keyPlace, value]);
export const longestRequestBytes = Math.max(get.bytes.length, set.bytes.length);

/**
 * Light requests are GET and SET in turns, of keys at random. Heavy ones are intersections of two sets, for which the
 * server works about three times as long as the load.
 */
export type RequestKind = "light" | "heavy";

/** Writes requests into a buffer, and makes no garbage. */
export class RequestMix {
  readonly #kind: RequestKind;
  #state: number;
  #isWrite = false;

  /** `seed`: a number from 1 on. The same seed gives the same requests. */
  constructor(seed: number, kind: RequestKind) {
    this.#state = seed;
    this.#kind = kind;
  }

  /** Writes the next request at `at`; gives where it ends. */
  next(target: Uint8Array, at: number): number {
    if (this.#kind === "heavy") {
      target.set(intersection.bytes, at);
      return at + intersection.bytes.length;
    }
    this.#isWrite = !this.#isWrite;
    // Lehmer's generator, with the factor of Park and Miller.
    this.#state = (this.#state * 48_271) % 2_147_483_647;
    const key = this.#state % keyCount;
    const isMiss = !this.#isWrite && key % getsPerMiss === 0;
    return put(this.#isWrite ? set : get, isMiss ? missingKey : key, target, at);
  }
}

const keysPerFill = 50;
const setSize = 500;
const intersection = template(["SINTERCARD", "2", "set:1", "set:2"]);

/** Creates the sets of the heavy requests: half of their members are in both. */
export function* fillSets(): Generator<string[]> {
  const members = (first: number): string[] => Array.from({ length: setSize }, (_, index) => `member:${first + index}`);
  yield ["SADD", "set:1", ...members(0)];
  yield ["SADD", "set:2", ...members(setSize / 2)];
}

/** Creates all keys of the load. */
export function* fillRequests(): Generator<string[]> {
  for (let first = 0; first < keyCount; first += keysPerFill) {
    const words = ["MSET"];
    for (let key = first; key < first + keysPerFill; key++)
      words.push(`key:${String(key).padStart(digits, "0")}`, value);
    yield words;
  }
}

function put({ bytes, keyEnd }: typeof set, key: number, target: Uint8Array, at: number): number {
  target.set(bytes, at);
  for (let place = 1, rest = key; place <= digits; place++, rest = Math.floor(rest / 10)) {
    target[at + keyEnd - place] = zero + (rest % 10);
  }
  return at + bytes.length;
}
