import { type Directive, directive, type DirectiveFacts, DirectiveError } from "./directive.ts";
import { parseMemory } from "./value-kinds.ts";

/** A snapshot is due when at least this many changes were made and this many seconds have passed. */
export interface SavePoint {
  readonly seconds: number;
  readonly changes: number;
}

/** Lines of one file add up; an empty text removes all points. */
export function savePoints(facts: DirectiveFacts<readonly SavePoint[]>): Directive<readonly SavePoint[]> {
  return directive(facts, {
    manyWords: true,
    expects: "pairs of seconds and changes",
    print: (points) => points.map(({ seconds, changes }) => `${seconds} ${changes}`).join(" "),
    lines: (points) =>
      points.length === 0 ? [[""]] : points.map(({ seconds, changes }) => [String(seconds), String(changes)]),
    parse(words, before) {
      if (words.length === 1 && words[0] === "") return [];
      if (words.length === 0 || words.length % 2 !== 0) throw new DirectiveError("Invalid save parameters");
      const points: SavePoint[] = before.again ? [...before.value] : [];
      for (let at = 0; at < words.length; at += 2) {
        const seconds = wholeNumber(words[at]);
        const changes = wholeNumber(words[at + 1]);
        if (seconds === undefined || seconds < 1 || changes === undefined) {
          throw new DirectiveError("Invalid save parameters");
        }
        points.push({ seconds, changes });
      }
      return points;
    },
  });
}

/**
 * How much output a class of clients may leave unread: a hard limit in bytes, and a soft limit with its number of
 * seconds. 0 means no limit.
 */
export interface OutputLimit {
  readonly hardBytes: number;
  readonly softBytes: number;
  readonly softSeconds: number;
}
export type OutputClass = "normal" | "replica" | "pubsub";
export type OutputLimits = Readonly<Record<OutputClass, OutputLimit>>;

const outputClasses = new Map<string, OutputClass>([
  ["normal", "normal"],
  ["slave", "replica"],
  ["replica", "replica"],
  ["pubsub", "pubsub"],
]);
const badLimit = "Error in hard, soft or soft_seconds setting in buffer limit configuration.";

/** A line names some of the classes; the others keep their limits. */
export function outputLimits(facts: DirectiveFacts<OutputLimits>): Directive<OutputLimits> {
  const words = (name: string, limit: OutputLimit): string[] => [
    name,
    String(limit.hardBytes),
    String(limit.softBytes),
    String(limit.softSeconds),
  ];
  const lines = (limits: OutputLimits): string[][] => [
    words("normal", limits.normal),
    words("slave", limits.replica),
    words("pubsub", limits.pubsub),
  ];
  return directive<OutputLimits>(facts, {
    manyWords: true,
    expects: "class, hard limit, soft limit and soft seconds, for one or more classes",
    print: (limits) => lines(limits).flat().join(" "),
    lines,
    parse(given, before) {
      if (given.length === 1 && given[0] === "") return before.value;
      if (given.length === 0 || given.length % 4 !== 0) {
        throw new DirectiveError("Wrong number of arguments in buffer limit configuration.");
      }
      const limits: Record<OutputClass, OutputLimit> = { ...before.value };
      for (let at = 0; at < given.length; at += 4) {
        const name = outputClasses.get((given[at] as string).toLowerCase());
        if (name === undefined) {
          throw new DirectiveError("Invalid client class specified in buffer limit configuration.");
        }
        limits[name] = readLimit(given[at + 1] as string, given[at + 2] as string, given[at + 3] as string);
      }
      return limits;
    },
  });
}

function readLimit(hard: string, soft: string, seconds: string): OutputLimit {
  const softSeconds = wholeNumber(seconds);
  if (softSeconds === undefined) throw new DirectiveError(badLimit);
  return {
    hardBytes: Number(parseMemory(hard, badLimit)),
    softBytes: Number(parseMemory(soft, badLimit)),
    softSeconds,
  };
}

/** In Redis's order. A stands for all but the last one, new keys. */
const eventClasses = ["g", "$", "l", "s", "h", "z", "x", "e", "t", "d", "n"];
const everyClass = eventClasses.slice(0, -1);
const eventChannels = ["K", "E", "m"];

/** Classes of keyspace events, as letters in Redis's order. A replaces the letters that it stands for. */
export function keyspaceEvents(facts: DirectiveFacts<string>): Directive<string> {
  return directive(facts, {
    manyWords: false,
    expects: "letters of K E A g $ l s h z x e t m d n",
    // Redis does not show n beside A, although both are set.
    print: (value) => (value.startsWith("A") ? value.replace("n", "") : value),
    lines: (value) => [[value]],
    parse(words) {
      if (words.length !== 1) throw new DirectiveError("wrong number of arguments");
      const given = words[0] as string;
      if (/[^Ag$lshzxeKEtmdn]/.test(given)) {
        throw new DirectiveError("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
      }
      const has = (letter: string): boolean =>
        given.includes(letter) || (given.includes("A") && everyClass.includes(letter));
      const all = everyClass.every(has);
      const classes = all ? `A${has("n") ? "n" : ""}` : eventClasses.filter(has).join("");
      return classes + eventChannels.filter(has).join("");
    },
  });
}

export function percentiles(facts: DirectiveFacts<readonly number[]>): Directive<readonly number[]> {
  return directive(facts, {
    manyWords: true,
    expects: "numbers from 0 to 100",
    print: (values) => values.join(" "),
    lines: (values) => [values.length === 0 ? [""] : values.map(String)],
    parse(words) {
      if (words.length === 1 && words[0] === "") return [];
      return words.map((word) => {
        const value = Number(word);
        if (word.trim() === "" || Number.isNaN(value)) {
          throw new DirectiveError("Invalid latency-tracking-info-percentiles parameters");
        }
        if (value < 0 || value > 100) {
          throw new DirectiveError("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
        }
        return value;
      });
    },
  });
}

function wholeNumber(word: string | undefined): number | undefined {
  return word !== undefined && /^[0-9]{1,15}$/.test(word) ? Number(word) : undefined;
}

/** A node and those that may take its place: names (host:port), the first one being its place on the ring. */
export type ReplicaGroup = readonly string[];

/** Lines of one file add up. On one line, commas separate groups. An empty text removes all groups. */
export function replicaGroups(
  facts: DirectiveFacts<readonly ReplicaGroup[]> & { readonly check: (name: string) => string },
): Directive<readonly ReplicaGroup[]> {
  const { check, ...rest } = facts;
  const print = (groups: readonly ReplicaGroup[]): string => groups.map((names) => names.join(" ")).join(", ");
  return directive(rest, {
    manyWords: true,
    expects: "a node and its replicas, as host:port, with commas between such groups",
    print,
    lines: (groups) => [groups.length === 0 ? [""] : print(groups).split(" ")],
    parse(words, before) {
      if (words.length === 1 && words[0] === "") return [];
      const groups = words
        .join(" ")
        .split(",")
        .map((group) =>
          group
            .split(" ")
            .filter((word) => word !== "")
            .map(check),
        )
        .filter((group) => group.length > 0);
      const alone = groups.find((group) => group.length === 1);
      if (alone !== undefined) throw new DirectiveError(`'${alone.join(" ")}' is followed by no replica`);
      return before.again ? [...before.value, ...groups] : groups;
    },
  });
}
