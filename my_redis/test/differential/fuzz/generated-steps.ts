import { allCommands } from "../../../src/commands/index.ts";
import type { SeededRandom } from "../../../../tools/seeded-random.ts";
import { requestTemplates } from "../../fuzz/request-templates.ts";
import type { Word } from "../harness/resp-connection.ts";
import { comparedTemplates, incomparable } from "./compared-templates.ts";

/** Requests of one of the clients, which are numbered from 0. */
export interface FuzzStep {
  readonly client: number;
  readonly requests: readonly (readonly Word[])[];
  /** Afterwards, all wait until every key has expired that was given the shortest time to live. */
  readonly lapses: boolean;
}

export const clientCount = 3;
/** The databases that clients select. */
export const fuzzedDatabases: readonly number[] = [0, 1, 2];
/** Commands of one sequence, about. */
const sequenceLength = 120;

const groups = new Map<string, string>(allCommands.map(({ name, group }) => [name, group]));
const nameOf = (template: string): string => template.split(" ", 1)[0] as string;
const templates = [
  ...requestTemplates.filter((each) => !incomparable.some((pattern) => pattern.test(each))),
  ...comparedTemplates,
];
const blockingTemplates = templates.filter((each) => / W| BLOCK M/.test(each));
const singleTemplates = templates.filter((each) => !each.includes(";"));
/** Redis 7.2 runs these in scripts, without blocking, and 7.0 does not. */
const isRefusedBy70 = (words: readonly Word[]): boolean =>
  /^(B[LRZ]|WAIT)/.test(String(words[0])) || words.includes("BLOCK");
/** Redis 7.2 takes more arguments of these than 7.0. */
const takesMoreIn72 = /^Z(REV)?RANK$/;

const fields = [
  "f",
  "g",
  "h",
  "7",
  "-3",
  "a rather long name of a field or member, longer than 64 bytes in any case",
  "",
];
const numbers = [
  "0",
  "1",
  "-1",
  "2",
  "5",
  "-7",
  "100",
  "9223372036854775807",
  "-9223372036854775808",
  "1e3",
  " 1",
  "x",
  "",
];
const scores = ["0", "1", "-1.5", "3.25", "1e17", "inf", "-inf", "(2", "nan", "x"];
const junk = ["", "x", "-1", "NX", "GET", "9223372036854775808", "1.5", "COUNT", "0"];
/** Not less, or a key of a server that is slow at that moment would expire at once. */
const shortestMs = 4;
/** Beyond the limit of timeouts 7.2 has another error. */
const isBlocking = /^B/;

const scripts = [
  "return redis.call(unpack(ARGV))",
  "return redis.pcall(unpack(ARGV))",
  "redis.call(unpack(ARGV)) return 1",
  "redis.pcall(unpack(ARGV)) return redis.call('GET', 'string:0')",
  "redis.call('SELECT', '1') return redis.pcall(unpack(ARGV))",
  "redis.setresp(3) return redis.call(unpack(ARGV))",
  "#!lua flags=no-writes\nreturn redis.call(unpack(ARGV))",
];

/** Makes the word for each letter of a template: see request-templates.ts. */
const wordMakers: Readonly<Record<string, (random: SeededRandom, name: string) => Word>> = {
  K: (random, name) => {
    const group = random.oneIn(5) ? random.pick(["string", "list", "hash", "set", "stream"]) : groups.get(name);
    return `${group ?? "string"}:${random.below(3)}`;
  },
  L: (random) => `sortable:${random.below(2)}`,
  V: (random) => (random.oneIn(3) ? random.below(30) : `value ${random.below(9)}`),
  F: (random) => (random.oneIn(3) ? `member ${random.below(9)}` : random.pick(fields)),
  N: (random) => (random.oneIn(4) ? random.pick(numbers) : random.below(30) - 10),
  S: (random) => (random.oneIn(4) ? random.pick(scores) : random.below(10)),
  T: (random) => (random.oneIn(3) ? shortestMs : random.pick([1_000_000, 2_000_000, 0, -1])),
  E: (random) => random.pick([1000, 2000, 0, -1]),
  W: () => 0,
  M: () => 0,
  I: (random) => (random.oneIn(10) ? random.pick(numbers) : `${random.below(20)}-${random.below(3)}`),
  A: (random) => `${random.below(60)}-*`,
  B: (random) => (random.oneIn(2) ? random.pick(["-", "+"]) : `${random.below(40)}-${random.below(4)}`),
  G: (random) => random.pick(["*", "f*", "[^a]*", "", "member ?"]),
  C: (random) => random.below(5),
  D: (random) => random.pick(fuzzedDatabases),
};

/** Makes the sequence of a seed. */
export class StepGenerator {
  readonly #random: SeededRandom;
  readonly #steps: FuzzStep[] = [];
  #client = 0;
  #lapses = false;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  generate(): FuzzStep[] {
    const random = this.#random;
    while (this.#steps.length < sequenceLength) {
      if (random.oneIn(6)) this.#client = random.below(clientCount);
      const kind = random.below(24);
      if (kind < 2) this.#transaction();
      else if (kind < 4) this.#script();
      else if (kind === 4) this.#add(...this.#requestsOf(random.pick(blockingTemplates)));
      else if (kind === 5) this.#add(this.#broken(this.#anyWords()));
      else this.#add(...this.#requestsOf(random.pick(templates)));
    }
    return this.#steps;
  }

  #transaction(): void {
    const random = this.#random;
    if (random.oneIn(3)) this.#add(this.#words("WATCH K K"));
    const client = this.#client;
    if (random.oneIn(3)) {
      this.#client = random.below(clientCount);
      this.#add(this.#anyWords());
      this.#client = client;
    }
    this.#add(["MULTI"]);
    let lapses = false;
    for (let left = random.below(6); left > 0; left--) {
      const requests = random.oneIn(12) ? [this.#broken(this.#anyWords())] : this.#requestsOf(random.pick(templates));
      lapses ||= this.#lapses;
      this.#add(...requests);
    }
    // Times to live begin with EXEC.
    this.#lapses = lapses;
    this.#add([random.oneIn(8) ? "DISCARD" : "EXEC"]);
  }

  #script(): void {
    const random = this.#random;
    let words = this.#anyWords();
    while (isRefusedBy70(words)) words = this.#anyWords();
    if (random.oneIn(8)) words = this.#broken(words);
    const name = random.oneIn(6) ? "EVAL_RO" : "EVAL";
    this.#add([name, random.pick(scripts), "0", ...words]);
  }

  #add(...requests: readonly (readonly Word[])[]): void {
    this.#steps.push({ client: this.#client, requests, lapses: this.#lapses });
    this.#lapses = false;
  }

  #anyWords(): Word[] {
    return this.#words(this.#random.pick(singleTemplates));
  }

  /** The requests of a template. Those that belong together name the same key. */
  #requestsOf(template: string): Word[][] {
    const parts = template.split("; ");
    const key = parts.length === 1 ? undefined : wordMakers["K"]?.(this.#random, nameOf(template));
    return parts.map((each) => this.#words(each, key));
  }

  #words(template: string, key?: Word): Word[] {
    const random = this.#random;
    const name = nameOf(template);
    const words: Word[] = [];
    for (const part of template.split(" ")) {
      const optional = part.startsWith("?");
      if (optional && random.oneIn(2)) continue;
      for (const word of optional ? part.slice(1).split("_") : [part]) {
        const made = (word === "K" ? key : undefined) ?? wordMakers[word]?.(random, name) ?? word;
        if (word === "T" && made === shortestMs) this.#lapses = true;
        words.push(made);
      }
    }
    return words;
  }

  /** With a word too few, one too many, a wrong one, or an unknown name. */
  #broken(words: Word[]): Word[] {
    const random = this.#random;
    const at = random.below(words.length);
    switch (random.below(5)) {
      case 0:
        return words.slice(0, -1).length > 0 ? words.slice(0, -1) : words;
      case 1:
        if (takesMoreIn72.test(String(words[0]))) return words;
        return [...words, isBlocking.test(String(words[0])) ? "x" : random.pick(junk)];
      case 2:
        return words.slice(0, Math.max(1, at));
      case 3:
        return random.oneIn(3) ? ["NOSUCH", ...words] : words;
      default:
        return at === 0 || isBlocking.test(String(words[0])) ? words : words.with(at, random.pick(junk));
    }
  }
}
