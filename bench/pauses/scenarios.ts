/** How a collection of a million elements comes, and goes. */
export interface Scenario {
  readonly name: string;
  /** Makes data of so many elements. */
  readonly fill: (count: number) => Iterable<readonly string[]>;
  /** The heavy work while other clients are served; for "built", the filling itself. */
  readonly action: readonly (readonly string[])[] | undefined;
}

/** Elements of the collection that is measured, and of the one with which it is rehearsed. */
export const elementCount = 1_000_000;
export const rehearsedCount = 100_000;
const elementsPerRequest = 50;

interface Kind {
  readonly name: string;
  readonly command: string;
  readonly element: (index: number) => readonly string[];
}

const kinds: readonly Kind[] = [
  { name: "hash", command: "HSET", element: (index) => [`field:${index}`, `value:${index}`] },
  { name: "list", command: "RPUSH", element: (index) => [`element:${index}`] },
  { name: "set", command: "SADD", element: (index) => [`member:${index}`] },
  { name: "sorted set", command: "ZADD", element: (index) => [`${(index * 7919) % 1_000_003}`, `member:${index}`] },
];

const actions: Readonly<Record<string, readonly (readonly string[])[]>> = {
  UNLINK: [["UNLINK", "huge"]],
  DEL: [["DEL", "huge"]],
  expiry: [["PEXPIRE", "huge", "100"]],
  "SET over it": [["SET", "huge", "small"]],
  "FLUSHALL ASYNC": [["FLUSHALL", "ASYNC"]],
};

/** Both requests come in one write, so that the snapshot has not reached the value when it is removed. */
const removedDuringSnapshot = [["BGSAVE"], ["UNLINK", "huge"]] as const;

function* fillCollection({ command, element }: Kind, count: number): Iterable<readonly string[]> {
  for (let first = 0; first < count; first += elementsPerRequest) {
    yield [command, "huge", ...Array.from({ length: elementsPerRequest }, (_, index) => element(first + index)).flat()];
  }
}

function* fillStream(count: number): Iterable<readonly string[]> {
  for (let index = 0; index < count; index++) yield ["XADD", "huge", "*", "field", `value:${index}`];
}

function* fillKeys(count: number): Iterable<readonly string[]> {
  for (let index = 0; index < count; index++) yield ["SET", `key:${index}`, `value:${index}`];
}

const fills: readonly { readonly name: string; readonly fill: Scenario["fill"] }[] = [
  ...kinds.map((kind) => ({ name: kind.name, fill: (count: number) => fillCollection(kind, count) })),
  { name: "stream", fill: fillStream },
];

export const scenarios: readonly Scenario[] = [
  ...fills.flatMap(({ name, fill }) => [
    { name: `${name}: built`, fill, action: undefined },
    ...Object.entries(actions).map(([action, requests]) => ({ name: `${name}: ${action}`, fill, action: requests })),
    { name: `${name}: UNLINK during BGSAVE`, fill, action: removedDuringSnapshot },
  ]),
  ...kinds.map((kind) => ({
    name: `${kind.name}: changed during BGSAVE`,
    fill: (count: number) => fillCollection(kind, count),
    action: [["BGSAVE"], [kind.command, "huge", ...kind.element(elementCount)]],
  })),
  { name: "1,000,000 keys: built", fill: fillKeys, action: undefined },
  { name: "1,000,000 keys: FLUSHALL", fill: fillKeys, action: [["FLUSHALL"]] },
  { name: "1,000,000 keys: FLUSHALL ASYNC", fill: fillKeys, action: [["FLUSHALL", "ASYNC"]] },
];
