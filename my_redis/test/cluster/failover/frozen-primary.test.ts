import { afterEach, expect, test } from "bun:test";
import { waitUntil } from "../../../../tools/test-services/index.ts";
import { RingOfProcesses } from "../crash/ring-of-processes.ts";

const testTimeoutMs = 60_000;
const directives = { "cluster-node-timeout": "600", "cluster-acknowledgement": "replica" };

let ring: RingOfProcesses;

afterEach(async () => {
  for (const node of ring.ports.keys()) await ring.kill(node, "SIGCONT").catch(() => {});
  await ring.stop();
});

test(
  "a primary that was frozen answers nothing old when it wakes: another node has served its place meanwhile",
  async () => {
    ring = await RingOfProcesses.start(1, directives, 2);
    const waiting = await Promise.all(Array.from({ length: 8 }, () => ring.connect(0)));
    const blocked = await ring.connect(0);
    expect((await (waiting[0] as (typeof waiting)[0]).reply("SET", "key", "old")).text).toBe("OK");
    blocked.send(["BLPOP", "list", 0]);
    const isBlocked = async (): Promise<boolean> =>
      /blocked_clients:1\r/.test((await (waiting[0] as (typeof waiting)[0]).reply("INFO", "clients")).text ?? "");
    await waitUntil(isBlocked, { what: "a client to be blocked", timeoutMs: 10_000, intervalMs: 10 });
    const watching = await ring.connect(0);
    await watching.replies([
      ["WATCH", "key"],
      ["MULTI"],
      ["SET", "key", "by a transaction that has seen the old value"],
    ]);
    await ring.kill(0, "SIGSTOP");
    // These requests lie in the sockets of the frozen process. A write among them would keep all replies of its turn back.
    for (const client of waiting) client.send(["GET", "key"]);
    const next = await ring.untilMoved(0, 0);
    const other = await ring.connect(next);
    expect((await other.reply("SET", "key", "new")).text).toBe("OK");
    await ring.kill(0, "SIGCONT");
    const answers = await Promise.all(waiting.map((client) => client.next().catch(() => undefined)));
    expect(answers).toHaveLength(8);
    // It may also answer CLUSTERDOWN, or close the connection: then what became of the request is not known.
    for (const answer of answers) {
      expect(answer === undefined ? "closed" : String(answer.text)).toMatch(/^(new|closed|CLUSTERDOWN .*)$/);
    }
    expect((await blocked.next()).text).toStartWith("UNBLOCKED");
    expect((await watching.reply("EXEC")).items).toBeNull();
    await ring.untilInSync();
    const again = await ring.connect(0);
    expect((await again.reply("GET", "key")).text).toBe("new");
    expect((await ring.info(0))?.get("cluster_seat_role")).toBe("replica");
    for (const client of [...waiting, blocked, watching, other, again]) client.close();
  },
  testTimeoutMs,
);

test(
  "a primary without a majority answers nothing but CLUSTERDOWN, and serves again when the others are back",
  async () => {
    ring = await RingOfProcesses.start(1, directives, 2);
    const client = await ring.connect(0);
    expect((await client.reply("SET", "key", "value")).text).toBe("OK");
    for (const node of [1, 2]) await ring.kill(node, "SIGSTOP");
    const hasNoLease = async (): Promise<boolean> => (await ring.info(0))?.get("cluster_lease_left_ms") === "0";
    await waitUntil(hasNoLease, { what: "the lease to end", timeoutMs: 10_000, intervalMs: 20 });
    const [read, written] = await Promise.all([
      client.reply("GET", "key"),
      ring.connect(0).then(async (each) => each.reply("SET", "key", "lost")),
    ]);
    expect(read?.text).toStartWith("CLUSTERDOWN");
    expect(written?.text).toStartWith("CLUSTERDOWN");
    expect((await client.reply("PUBLISH", "channel", "message")).text).toStartWith("CLUSTERDOWN");
    const copying = await ring.connect(0);
    expect((await copying.reply("PSYNC", "?", -1)).text).toStartWith("NOMASTERLINK");
    copying.close();
    // What concerns no data of the place is answered.
    expect((await client.reply("PING")).text).toBe("PONG");
    for (const node of [1, 2]) await ring.kill(node, "SIGCONT");
    const answers = async (): Promise<boolean> => (await client.reply("GET", "key")).text === "value";
    await waitUntil(answers, { what: "the place to be served again", timeoutMs: 30_000, intervalMs: 50 });
    client.close();
  },
  testTimeoutMs,
);

test(
  "a pause that is shorter than the node timeout moves no place",
  async () => {
    ring = await RingOfProcesses.start(1, { ...directives, "cluster-node-timeout": "3000" }, 2);
    const client = await ring.connect(1);
    const before = (await ring.info(1))?.get("cluster_seat_epoch");
    for (const node of [0, 1, 0, 2]) {
      await ring.kill(node, "SIGSTOP");
      await Bun.sleep(300);
      await ring.kill(node, "SIGCONT");
      const answers = async (): Promise<boolean> => (await client.reply("SET", "key", "value")).text === "OK";
      await waitUntil(answers, { what: "a write", timeoutMs: 10_000, intervalMs: 20 });
    }
    expect(await ring.primaryOf(0)).toBe(0);
    expect((await ring.info(1))?.get("cluster_seat_epoch")).toBe(before as string);
    client.close();
  },
  testTimeoutMs,
);
