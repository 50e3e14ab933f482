/** Data of which the memory is measured. */
export interface Load {
  readonly name: string;
  /** Many small values, or one huge one: the goals differ. */
  readonly size: "small" | "huge";
  /** Requests that make `share` (of 1) of the data. */
  readonly requests: (share: number) => Iterable<readonly string[]>;
}

const stringCount = 1_000_000;
const smallCount = 100_000;
const smallElements = 10;
const hugeElements = 1_000_000;
const elementsPerRequest = 100;

const digits = (index: number, width: number): string => `${index}`.padStart(width, "0");
const range = (start: number, end: number): number[] =>
  Array.from({ length: end - start }, (_, index) => start + index);

/** One element of a collection, as words of the command that adds it. */
interface Kind {
  readonly name: string;
  readonly command: string;
  readonly element: (index: number) => readonly string[];
}

const kinds: readonly Kind[] = [
  { name: "hash", command: "HSET", element: (index) => [`field:${digits(index, 6)}`, `value:${digits(index, 6)}`] },
  { name: "list", command: "RPUSH", element: (index) => [`element:${digits(index, 6)}`] },
  { name: "set", command: "SADD", element: (index) => [`member:${digits(index, 6)}`] },
  {
    name: "sorted set",
    command: "ZADD",
    element: (index) => [`${((index * 7919) % 1_000_003) / 4}`, `member:${digits(index, 6)}`],
  },
];

function* strings(share: number): Iterable<readonly string[]> {
  for (let index = 0; index < stringCount * share; index++) {
    // 16 bytes of key, 32 of a value that no server can hold as an integer.
    yield ["SET", `key:${digits(index, 12)}`, `v${digits(index, 12).padStart(31, "x")}`];
  }
}

/** Small collections, each made by one command, or by one command for each element in turn. */
const small = ({ command, name, element }: Kind, oneByOne: boolean): Load => ({
  name: `100,000 ${name === "hash" ? "hashe" : name}s of 10${oneByOne ? ", one by one" : ""}`,
  size: "small",
  *requests(share) {
    const collections = range(0, smallCount * share);
    const elements = (key: number): readonly (readonly string[])[] =>
      range(0, smallElements).map((index) => element((key * smallElements + index) % hugeElements));
    for (const key of collections) {
      const keyName = `${command.toLowerCase()}:${digits(key, 8)}`;
      if (!oneByOne) yield [command, keyName, ...elements(key).flat()];
      else for (const words of elements(key)) yield [command, keyName, ...words];
    }
  },
});

const huge = ({ command, name, element }: Kind): Load => ({
  name: `a ${name} of 1,000,000`,
  size: "huge",
  *requests(share) {
    const count = hugeElements * share;
    for (let first = 0; first < count; first += elementsPerRequest) {
      yield [command, "huge", ...range(first, Math.min(first + elementsPerRequest, count)).flatMap(element)];
    }
  },
});

function* stream(share: number): Iterable<readonly string[]> {
  for (let index = 0; index < hugeElements * share; index++) {
    yield ["XADD", "huge", "*", "field", `value:${digits(index, 6)}`];
  }
}

export const loads: readonly Load[] = [
  { name: "1,000,000 strings", size: "small", requests: strings },
  ...kinds.map((kind) => small(kind, false)),
  ...kinds.map((kind) => small(kind, true)),
  ...kinds.map(huge),
  { name: "a stream of 1,000,000", size: "huge", requests: stream },
];
