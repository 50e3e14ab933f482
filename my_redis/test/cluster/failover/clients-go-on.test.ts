import { afterEach, expect, test } from "bun:test";
import { Cluster, Redis } from "ioredis";
import { waitUntil } from "../../../../tools/test-services/index.ts";
import { RingOfProcesses } from "../crash/ring-of-processes.ts";

const testTimeoutMs = 60_000;
const directives = { "cluster-node-timeout": "600" };

let ring: RingOfProcesses;

afterEach(() => ring.stop());

const keys = Array.from({ length: 40 }, (_, number) => `key:${number}`);

test(
  "a cluster client and a plain client go on after a failover, and see the replicas in CLUSTER SLOTS and NODES",
  async () => {
    ring = await RingOfProcesses.start(2, directives, 1);
    const [first, second] = ring.ports as [number, number];
    const cluster = new Cluster([{ host: "127.0.0.1", port: second }]);
    const plain = new Redis({ host: "127.0.0.1", port: second });
    cluster.on("error", () => {});
    plain.on("error", () => {});
    await Promise.all(keys.map((key) => cluster.set(key, "before")));
    expect(cluster.nodes("master")).toHaveLength(2);
    expect(cluster.nodes("slave")).toHaveLength(2);
    const ranges = (await plain.call("CLUSTER", "SLOTS")) as readonly (readonly unknown[])[];
    expect(ranges.every((range) => range.length === 4)).toBe(true);
    const roles = async (): Promise<readonly string[]> => {
      const lines = String(await plain.call("CLUSTER", "NODES"))
        .trimEnd()
        .split("\n");
      return lines.map((line) => line.split(" ")[2] as string);
    };
    expect((await roles()).filter((role) => role.includes("slave"))).toHaveLength(2);

    await ring.kill(0, "SIGKILL");
    expect(await ring.untilMoved(0, 0)).toBe(2);
    for (const [client, value] of [
      [cluster, "by the cluster client"],
      [plain, "by the plain client"],
    ] as const) {
      for (const key of keys) {
        const isWritten = async (): Promise<boolean> => (await client.set(key, value).catch(() => "")) === "OK";
        await waitUntil(isWritten, { what: `${key} to be written`, timeoutMs: 20_000, intervalMs: 20 });
      }
      expect(await Promise.all(keys.map((key) => client.get(key)))).toEqual(keys.map(() => value));
    }
    expect((await plain.keys("key:*")).toSorted()).toEqual(keys.toSorted());
    expect(await plain.dbsize()).toBe(keys.length);
    expect((await roles()).some((role) => role.includes("fail"))).toBe(true);
    const shards = (await plain.call("CLUSTER", "SHARDS")) as readonly unknown[];
    expect(shards).toHaveLength(2);
    const former = `127.0.0.1:${first}`;
    expect(
      String(await plain.call("CLUSTER", "NODES"))
        .split("\n")
        .find((line) => line.includes(former)),
    ).toContain("slave");
    cluster.disconnect();
    plain.disconnect();
  },
  testTimeoutMs,
);

test(
  "keys of several nodes are written together through a replica, and messages reach all nodes",
  async () => {
    ring = await RingOfProcesses.start(2, directives, 1);
    const client = await ring.connect(3);
    const [one, other] = keys.filter((key) => ring.ownerOf(key) === 0);
    const elsewhere = keys.find((key) => ring.ownerOf(key) === 1);
    expect((await client.reply("MSET", one as string, "1", elsewhere as string, "2")).text).toBe("OK");
    expect((await client.reply("MSET", one as string, "1", other as string, "2")).text).toBe("OK");
    // A node that hands over meanwhile would have to be asked again, and others may have swapped.
    for (const node of [0, 1, 2, 3]) {
      const asked = await ring.connect(node);
      expect((await asked.reply("SWAPDB", "0", "1")).text).toStartWith(
        "ERR SWAPDB is not possible on a ring whose nodes agree",
      );
      asked.close();
    }
    expect((await client.reply("EXISTS", one as string, other as string, elsewhere as string)).text).toBe("3");
    // A message reaches the subscribers of each node once, whether that is a primary or a replica.
    const subscribers = await Promise.all([0, 1, 2, 3].map((node) => ring.connect(node)));
    for (const subscriber of subscribers) await subscriber.reply("SUBSCRIBE", "news");
    expect((await client.reply("PUBLISH", "news", "once")).text).toBe("4");
    for (const subscriber of subscribers) {
      expect((await subscriber.next()).items?.[2]?.text).toBe("once");
      expect((await subscriber.reply("PING")).items?.[0]?.text).toBe("pong");
    }
    for (const connection of [client, ...subscribers]) connection.close();
  },
  testTimeoutMs,
);

test(
  "what cannot fail over is refused at the start, with the reason",
  async () => {
    ring = await RingOfProcesses.start(1, directives, 2);
    await ring.kill(2, "SIGKILL");
    const [first, second, third] = ring.ports.map((port) => `127.0.0.1:${port}`) as [string, string, string];
    const startWith = async (given: Readonly<Record<string, string>>): Promise<string> => {
      try {
        await ring.startNode(2, given);
        return "";
      } catch (error) {
        return String(error);
      }
    };
    expect(await startWith({ "cluster-replicas": `${first} 10.0.0.9:1` })).toContain(
      "cluster-replicas: 10.0.0.9:1 is neither self nor among the peers",
    );
    expect(await startWith({ peers: third, "cluster-replicas": `${third} ${third}` })).toContain("stands there twice");
    expect(await startWith({ peers: first, "cluster-replicas": `${first} ${third}` })).toContain(
      "a ring of 2 nodes has no majority when one of them fails",
    );
    expect(await startWith({ appendonly: "no" })).toContain("cluster-replicas: it needs 'appendonly yes'");
    expect(await startWith({ "cluster-replicas": "" })).toContain(
      "this node belongs to a ring whose nodes agree on its members",
    );
    // What the ring has agreed on counts, and not what the directives of one node say.
    expect(await startWith({ peers: first, "cluster-members": "agreed", "cluster-replicas": "" })).toBe("");
    expect(ring.processes[2]?.process.stdout()).toContain("the ring has agreed on ");
    await ring.untilInSync();
    await ring.kill(2, "SIGKILL");
    const ownState = `${ring.folders[2]}/ring.state`;
    await Bun.$`cp ${ring.folders[1]}/ring.state ${ownState}`.quiet();
    expect(await startWith({})).toContain(`ring.state: it is that of node ${second}, and this is ${third}`);
    await Bun.write(ownState, "nonsense\n");
    expect(await startWith({})).toContain("ring.state: its first line cannot be read");
    await Bun.$`rm ${ownState}`.quiet();
    expect(await startWith({})).toContain("ring.state: it is missing, although the data has been part of a ring");
  },
  testTimeoutMs,
);

test(
  "a write waits for the replicas in sync, other clients are answered meanwhile, and INFO shows what waits",
  async () => {
    // The replica is not taken for gone within this test.
    ring = await RingOfProcesses.start(
      1,
      { "cluster-node-timeout": "3000", "cluster-acknowledgement": "replica", appendfsync: "always" },
      2,
    );
    const [writer, reader, other] = [await ring.connect(0), await ring.connect(0), await ring.connect(0)];
    expect((await writer.reply("SET", "key", "before")).text).toBe("OK");
    await ring.kill(1, "SIGSTOP");
    const answered: string[] = [];
    const written = writer.reply("SET", "key", "after").then(() => answered.push("written"));
    const untilWaiting = (turns: number): Promise<void> =>
      waitUntil(async () => Number((await ring.info(0))?.get("cluster_replies_waiting_turns")) === turns, {
        what: `the replies of ${turns} turns to wait`,
        timeoutMs: 10_000,
        intervalMs: 10,
      });
    await untilWaiting(1);
    const read = reader.reply("GET", "key").then(({ text }) => answered.push(`read ${text}`));
    await untilWaiting(2);
    expect((await other.reply("PING")).text).toBe("PONG");
    expect(answered).toEqual([]);
    await ring.kill(1, "SIGCONT");
    await Promise.all([written, read]);
    expect(answered).toEqual(["written", "read after"]);
    expect((await ring.info(0))?.get("cluster_replies_waiting_turns")).toBe("0");
    for (const connection of [writer, reader, other]) connection.close();
  },
  testTimeoutMs,
);
