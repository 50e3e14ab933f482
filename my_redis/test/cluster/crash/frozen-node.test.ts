import { afterEach, expect, test } from "bun:test";
import { waitUntil } from "../../../../tools/test-services/index.ts";
import { RingOfProcesses } from "./ring-of-processes.ts";

const nodeTimeoutMs = 1000;
const testTimeoutMs = 60_000;
let ring: RingOfProcesses;

afterEach(() => ring.stop());

const start = async (directives: Readonly<Record<string, string>> = {}): Promise<void> => {
  ring = await RingOfProcesses.start(2, { "cluster-node-timeout": `${nodeTimeoutMs}`, ...directives });
};

/** A key that node 1 owns. */
const keyOf = (prefix: string): string =>
  Array.from({ length: 100 }, (_, number) => `${prefix}:${number}`).find((key) => ring.ownerOf(key) === 1) as string;

test(
  "a frozen node that wakes runs none of the requests that were reported as lost to their clients",
  async () => {
    await start();
    const client = await ring.connect(0);
    const key = keyOf("stale");
    expect((await client.reply("SET", key, "before")).text).toBe("OK");
    await ring.kill(1, "SIGSTOP");
    // This request reaches only the socket of the frozen node.
    expect((await client.reply("SET", key, "stale")).text).toMatch(/^CLUSTERDOWN .* may or may not/);
    expect((await client.reply("SET", key, "refused")).text).toStartWith("CLUSTERDOWN");
    await ring.kill(1, "SIGCONT");
    await waitUntil(async () => (await client.reply("GET", key)).sign === "$", {
      what: "the node to be served by again",
      timeoutMs: 20_000,
    });
    expect((await client.reply("GET", key)).text).toBe("before");
    client.close();
  },
  testTimeoutMs,
);

test(
  "a client that waits at a node that dies gets an error, and the keys that it watches there fail its transaction",
  async () => {
    await start();
    const [blocked, watching, plain] = [await ring.connect(0), await ring.connect(0), await ring.connect(0)];
    blocked.send(["BLPOP", keyOf("list"), 0]);
    const key = keyOf("watched");
    await watching.replies([["WATCH", key], ["MULTI"], ["INCR", key]]);
    await ring.kill(1, "SIGKILL");
    expect((await blocked.next()).text).toStartWith("CLUSTERDOWN");
    await ring.startNode(1);
    await waitUntil(async () => (await plain.reply("GET", key)).sign === "$", {
      what: "the node to be served by again",
      timeoutMs: 20_000,
    });
    expect((await watching.reply("EXEC")).items).toBeNull();
    expect((await plain.reply("GET", key)).text).toBeNull();
    // The connection is usable again.
    await watching.replies([["WATCH", key], ["MULTI"], ["INCR", key]]);
    expect((await watching.reply("EXEC")).items).toEqual([{ sign: ":", text: "1" }]);
    for (const connection of [blocked, watching, plain]) connection.close();
  },
  testTimeoutMs,
);

test(
  "data for a frozen node is bounded: beyond the limit requests are refused at once, and other requests are served",
  async () => {
    const limitBytes = 1_000_000;
    await start({ "cluster-node-timeout": "20000", "cluster-link-sendbuf-limit": `${limitBytes}` });
    await ring.kill(1, "SIGSTOP");
    const value = "x".repeat(300_000);
    const clients = await Promise.all(Array.from({ length: 100 }, () => ring.connect(0)));
    // The system's socket buffers take the first requests. All later ones count against the limit.
    const replies = clients.map((client) => client.reply("SET", keyOf("large"), value).catch(() => undefined));
    const refused = new Promise<string>((resolve) => {
      for (const reply of replies) void reply.then((each) => each?.text != null && resolve(each.text));
    });
    expect(await refused).toStartWith(`CLUSTERDOWN More than ${limitBytes} bytes wait for node`);
    const other = await ring.connect(0);
    const own = Array.from({ length: 100 }, (_, number) => `own:${number}`).find((key) => ring.ownerOf(key) === 0);
    expect((await other.reply("SET", own as string, value)).text).toBe("OK");
    const waiting = Number(/waiting_bytes:(\d+)/.exec((await other.reply("CLUSTER", "INFO")).text ?? "")?.[1]);
    expect(waiting).toBeGreaterThan(0);
    expect(waiting).toBeLessThanOrEqual(limitBytes);
    for (const client of [...clients, other]) client.close();
  },
  testTimeoutMs,
);
