/** Data whose loading is measured, about as much of each kind. */
export interface Dataset {
  readonly name: string;
  readonly requests: () => Iterable<readonly string[]>;
}

const digits = (index: number, width = 8): string => `${index}`.padStart(width, "0");
const elementsPerRequest = 100;
const smallElements = 10;

/** One element of a collection, as words of the command that adds it. */
interface Kind {
  readonly name: string;
  readonly command: string;
  readonly element: (index: number) => readonly string[];
}

const kinds: readonly Kind[] = [
  { name: "hash", command: "HSET", element: (index) => [`field:${digits(index)}`, `value:${digits(index)}`] },
  { name: "list", command: "RPUSH", element: (index) => [`element:${digits(index)}`] },
  { name: "set", command: "SADD", element: (index) => [`member:${digits(index)}`] },
  {
    name: "sorted set",
    command: "ZADD",
    element: (index) => [`${((index * 7919) % 1_000_003) / 4}`, `member:${digits(index)}`],
  },
];

function* strings(count: number, bytes: number): Iterable<readonly string[]> {
  for (let index = 0; index < count; index++) {
    yield ["SET", `key:${digits(index, 12)}`, `v${digits(index, 12)}`.padEnd(bytes, "text of a value, ")];
  }
}

function* addTo(key: string, kind: Kind, first: number, count: number): Iterable<readonly string[]> {
  for (let from = first; from < first + count; from += elementsPerRequest) {
    const words = Array.from({ length: Math.min(elementsPerRequest, first + count - from) }, (_, at) => from + at);
    yield [kind.command, key, ...words.flatMap((index) => kind.element(index))];
  }
}

const small = (kind: Kind, collections: number): Dataset => ({
  name: `small ${kind.name === "hash" ? "hashe" : kind.name}s`,
  *requests() {
    for (let key = 0; key < collections; key++) {
      yield* addTo(`${kind.command}:${digits(key)}`, kind, key * smallElements, smallElements);
    }
  },
});

const large = (kind: Kind, elements: number): Dataset => ({
  name: `a large ${kind.name}`,
  requests: () => addTo("large", kind, 0, elements),
});

function* stream(count: number): Iterable<readonly string[]> {
  for (let index = 1; index <= count; index++)
    yield ["XADD", "stream", `${index}-1`, "field", `value:${digits(index)}`];
}

/** A little of everything, with commands that change what is there, as a log of some hours has it. */
function* mixed(rounds: number): Iterable<readonly string[]> {
  for (let round = 0; round < rounds; round++) {
    const key = digits((round * 7919) % 10_007);
    yield ["SET", `string:${key}`, `value of round ${digits(round)}`.padEnd(100, ".")];
    yield ["SET", `session:${key}`, digits(round), "PX", "100000000000"];
    yield ["INCR", `counter:${key}`];
    yield ["HSET", `hash:${key}`, `field:${round % 20}`, digits(round), "name", "some name"];
    yield ["RPUSH", `list:${key}`, digits(round)];
    yield ["SADD", `set:${key}`, `member:${round % 300}`];
    yield ["ZADD", `ranking:${round % 10}`, `${round % 1009}`, `member:${key}`];
    yield ["XADD", `stream:${round % 10}`, `${round + 1}-0`, "round", digits(round)];
    if (round % 3 === 0) yield ["LPOP", `list:${key}`];
    if (round % 7 === 0) yield ["DEL", `set:${key}`];
  }
}

/** `scale`: how many times as much data. Above 1, without the long strings: they would take gigabytes. */
export const datasets = (scale: number): readonly Dataset[] => [
  { name: "strings of 32 bytes", requests: () => strings(500_000 * scale, 32) },
  ...(scale === 1 ? longStrings : []),
  ...kinds.map((kind) => small(kind, 60_000 * scale)),
  ...kinds.map((kind) => large(kind, 400_000 * scale)),
  { name: "a stream", requests: () => stream(400_000 * scale) },
  { name: "mixed", requests: () => mixed(60_000 * scale) },
];

const longStrings: readonly Dataset[] = [
  { name: "strings of 10 KB", requests: () => strings(15_000, 10_000) },
  { name: "strings of 4 MB", requests: () => strings(40, 4_000_000) },
];
