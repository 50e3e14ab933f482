import { type Entry, leafOf, MalformedDraw, parseRules, type Report, verifyDraw } from "fair-draw";
import { HashRing, slotTable } from "hash-ring";
import { check, counter, formatTimeline, History, list, type Model, type Operation, register } from "linearizability";
import { DirectiveError, ListenError, type RunningServer, startNodes, startServer, version } from "my-redis";
import { QuantityClient, QuantityError, type Reservation } from "seckill-quantity-client";

/** A program as a user may write it. A compiler checks it against the declarations of the packages, and nothing else. */
export async function useEverything(): Promise<string> {
  await using server: RunningServer = await startServer({
    port: 0,
    memory: true,
    maxmemory: "64mb",
    appendfsync: "always",
    save: [{ seconds: 60, changes: 1 }],
    environment: { nowMs: () => 0, report: (_level, message) => void message.length },
    onCommand: ({ name, words }) => (name === "get" ? { error: `ERR no ${words[1]}` } : undefined),
    keepProcessAlive: false,
  });
  await (await startServer({ port: undefined, maxmemory: undefined, memory: undefined })).close();
  // @ts-expect-error: the inside is not public
  void server.server;
  // @ts-expect-error: a directive's value is checked
  await startServer({ appendfsync: "sometimes" }).catch((error: unknown) => error instanceof DirectiveError);
  const nodes = await startNodes({ nodes: 3, port: 7000, dir: ".", directives: { appendonly: true } });
  await nodes.close();
  const ring = new HashRing([{ name: server.url, weight: 2 }, "other"]);
  return `${version} ${server.port} ${ListenError.name} ${ring.owner("key")} ${slotTable(ring).length}`;
}

export async function reserve(): Promise<Reservation | undefined> {
  const client = new QuantityClient({ url: "http://127.0.0.1:8082", key: "k".repeat(40), timeoutMs: 10 });
  // @ts-expect-error: a reservation has a request id
  await client.reserve({ productId: "lamp" }).catch((error: unknown) => error instanceof QuantityError);
  const made = await client.reserve({ productId: "lamp", requestId: "one" });
  const [left] = await client.remaining(["lamp"]);
  return made.status === "pending" && left?.remaining !== null ? client.confirm(made.requestId) : undefined;
}

export function judge(operations: readonly Operation[]): string {
  const last: Model<string> = {
    name: "last",
    initial: "",
    step: (state, { kind, input, output }) =>
      kind === "set" ? JSON.stringify(input) : state === output ? state : undefined,
    identity: (state) => state,
    problem: () => undefined,
  };
  const history = new History();
  history.call({ process: 1, kind: "set", input: "a" }).returned();
  // @ts-expect-error: a value is JSON
  history.call({ process: 1, kind: "set", input: undefined });
  const models = [
    check(operations, { model: counter }),
    check(operations, { model: list() }),
    check([], { model: last }),
  ];
  const verdict = check(history.operations(), { model: register, timeLimitMs: 10 });
  return verdict.verdict === "violation" ? formatTimeline(verdict.counterExample) : `${models.length}`;
}

export async function checkDraw(file: AsyncIterable<Uint8Array>, entry: Entry): Promise<Report["verdict"]> {
  // @ts-expect-error: rules are read, not a name of them
  void parseRules();
  const leaf = leafOf(new Uint8Array(32), entry);
  const { verdict } = await verifyDraw(file, { limits: { maxEntries: leaf.length } }).catch((error: unknown) => {
    throw error instanceof MalformedDraw ? new Error(error.message) : error;
  });
  return verdict;
}
