import { afterEach, expect, test } from "bun:test";
import { temporaryFolder, waitUntil } from "../../../../tools/test-services/index.ts";
import { startMyRedis } from "../../crash/my-redis-process.ts";
import type { RespConnection } from "../../differential/harness/resp-connection.ts";
import { RingOfProcesses } from "../crash/ring-of-processes.ts";

const testTimeoutMs = 60_000;

let ring: RingOfProcesses;

afterEach(async () => {
  for (const node of ring.ports.keys()) await ring.kill(node, "SIGCONT").catch(() => {});
  await ring.stop();
});

/** Sends a request; `reply` is the text of its reply once that has come. */
function ask(client: RespConnection, ...words: [string, ...string[]]): { reply: string | undefined } {
  const asked: { reply: string | undefined } = { reply: undefined };
  void client.reply(...words).then(
    ({ text }) => (asked.reply = text ?? "nil"),
    () => (asked.reply = "closed"),
  );
  return asked;
}

const until = (what: string, isThere: () => boolean | Promise<boolean>): Promise<void> =>
  waitUntil(isThere, { what, timeoutMs: 20_000, intervalMs: 10 });

/** Longer than a script may run before others are served. */
const slowly = "local since = os.clock() while os.clock() - since < 0.2 do end";

test(
  "a request that is answered in a later turn than it has come waits for the replicas, too",
  async () => {
    const directives = { "cluster-node-timeout": "4000", "cluster-acknowledgement": "replica" };
    ring = await RingOfProcesses.start(1, { ...directives, "busy-reply-threshold": "10" }, 2);
    const target = await startMyRedis(temporaryFolder("migration-target"), { bind: "127.0.0.1", appendonly: "no" });
    const client = await ring.connect(0);
    expect((await client.reply("SET", "moving", "value")).text).toBe("OK");

    await ring.kill(1, "SIGSTOP");
    const paused = ask(client, "EVAL", `redis.call('SET', KEYS[1], 'new') ${slowly} return 'DONE'`, "1", "key");
    let wasBusy = false;
    let isOver = false;
    const ping = async (): Promise<void> => {
      const other = await ring.connect(0);
      const { text } = await other.reply("PING");
      wasBusy ||= text?.startsWith("BUSY") === true;
      isOver ||= wasBusy && text === "PONG";
      other.close();
    };
    // These answers must not let that of the script through. The first of them may come in its turn, and then waits as well.
    await until("the script to end", () => {
      void ping();
      return isOver;
    });
    await Bun.sleep(50);
    expect(paused.reply).toBeUndefined();
    await ring.kill(1, "SIGCONT");
    await until("the reply of the script", () => paused.reply === "DONE");

    await ring.untilInSync();
    await ring.kill(1, "SIGSTOP");
    const moved = ask(client, "MIGRATE", "127.0.0.1", `${target.port}`, "moving", "0", "5000");
    const atTarget = await target.connect();
    await until("the key at the target", async () => (await atTarget.reply("EXISTS", "moving")).text === "1");
    await Bun.sleep(50);
    expect(moved.reply).toBeUndefined();
    await ring.kill(1, "SIGCONT");
    await until("the reply of MIGRATE", () => moved.reply === "OK");
    expect((await client.reply("EXISTS", "moving")).text).toBe("0");
    for (const each of [client, atTarget]) each.close();
    await target.process.stop();
  },
  testTimeoutMs,
);

test(
  "without a majority a refused EXEC is over, a blocked client hears nothing, and MIGRATE keeps its key",
  async () => {
    ring = await RingOfProcesses.start(2, { "cluster-node-timeout": "2000", "cluster-acknowledgement": "replica" }, 2);
    const replicas = [2, 3, 4, 5];
    const key = ["a", "b", "c", "d", "e", "f", "g", "h"].find((name) => ring.ownerOf(name) === 0) as string;
    const clients = await Promise.all([0, 1].map((node) => ring.connect(node)));
    const own = clients[0] as RespConnection;
    const [blocked, moving] = [await ring.connect(0), await ring.connect(0)];
    expect((await own.reply("SET", key, "before")).text).toBe("OK");

    let answer = (): void => {};
    const target = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (socket) => void (answer = () => void socket.write("+OK\r\n+OK\r\n")) },
    });
    const waiting = ask(blocked, "BLPOP", `{${key}}list`, "3");
    const isBlocked = async (): Promise<boolean> =>
      /blocked_clients:[1-9]/.test((await own.reply("INFO", "clients")).text ?? "");
    await until("a client to be blocked", isBlocked);
    const migrating = ask(moving, "MIGRATE", "127.0.0.1", `${target.port}`, key, "0", "20000");
    for (const node of replicas) await ring.kill(node, "SIGSTOP");
    const hasNoLease = async (): Promise<boolean> => (await ring.info(0))?.get("cluster_lease_left_ms") === "0";
    await until("the lease to end", hasNoLease);
    answer();
    await until("an end of MIGRATE", () => migrating.reply !== undefined);
    expect(migrating.reply).not.toBe("OK");
    for (const client of clients) {
      const replies = await client.replies([["MULTI"], ["SET", key, "refused"], ["EXEC"]]);
      expect(replies[2]?.text).toStartWith("CLUSTERDOWN");
    }
    expect((await own.reply("CLUSTER", "COUNTKEYSINSLOT", "1")).text).toStartWith("CLUSTERDOWN");
    await until("an end of BLPOP", () => waiting.reply !== undefined);
    expect(waiting.reply).toBe("closed");

    for (const node of replicas) await ring.kill(node, "SIGCONT");
    // On a busy machine, a replica may serve it now.
    await until("the place to be served again", async () => (await ring.primaryOf(0)) !== undefined);
    await ring.untilInSync();
    for (const client of clients) {
      const replies = await client.replies([["GET", key], ["MULTI"], ["GET", key], ["EXEC"]]);
      expect(replies.map(({ text }) => text)).toEqual(["before", "OK", "QUEUED", undefined as never]);
    }
    target.stop(true);
    for (const client of [...clients, moving]) client.close();
  },
  testTimeoutMs,
);
