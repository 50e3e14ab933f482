import { SeededRandom } from "../../../tools/seeded-random.ts";
import type { RespConnection, Word } from "../differential/harness/resp-connection.ts";
import { generateWords } from "../fuzz/generated-requests.ts";
import { FaultyProxy } from "./faulty-proxy.ts";
import { expectSameData, startServer, type TestServer } from "./replication-servers.ts";

export const pairs = [
  ["MyRedis", "redis-server"],
  ["redis-server", "MyRedis"],
  ["MyRedis", "MyRedis"],
] as const;

export type PairOfKinds = (typeof pairs)[number];

/** Commands of releases after the redis-server beside us, and those that are not about data. */
const leftOut =
  /^(hexpire|hpexpire|hexpireat|hpexpireat|hpersist|hgetdel|hgetex|hsetex|config|client|reset|info|command|acl|cluster|memory|latency|slowlog|script|function|module|bgrewriteaof|lolwut|asking|readonly|readwrite|psync|sync|replconf|pfdebug|role|object|failover|spublish)$/i;
const rounds = 16;
const requestsPerRound = 40;

/** A primary and its replica, with a proxy between them. */
export class ReplicatedPair {
  readonly primary: TestServer;
  readonly replica: TestServer;
  readonly #proxy: FaultyProxy;

  private constructor(primary: TestServer, replica: TestServer, proxy: FaultyProxy) {
    this.primary = primary;
    this.replica = replica;
    this.#proxy = proxy;
  }

  static async start([primaryKind, replicaKind]: PairOfKinds): Promise<ReplicatedPair> {
    // A backlog so small that some cuts lead to a full synchronisation.
    const directives = { "repl-timeout": "3", "repl-ping-replica-period": "1", "repl-backlog-size": "16384" };
    const primary = await startServer(primaryKind, directives);
    const replica = await startServer(replicaKind, directives);
    const proxy = await FaultyProxy.open(primary.port);
    await replica.ask("REPLICAOF", "127.0.0.1", proxy.port);
    return new ReplicatedPair(primary, replica, proxy);
  }

  /** Sends a workload to the primary while the link is disturbed, and compares the data at the end. */
  async run(seed: number): Promise<void> {
    const random = new SeededRandom(seed);
    await this.primary.ask("FLUSHALL");
    const clients = [await this.primary.connect(), await this.primary.connect()];
    let keys = 0;
    for (let round = 0; round < rounds; round++) {
      if (random.oneIn(3)) this.#disturb(random);
      // Otherwise all would be written before the replica has connected again.
      await Bun.sleep(random.below(200));
      await Promise.all(clients.map((client) => sendSome(client, random)));
      keys = Math.max(keys, Number((await this.primary.ask("DBSIZE")).slice(1)));
    }
    for (const client of clients) client.close();
    this.#proxy.heal();
    await expectSameData(this.primary, this.replica);
    // Nothing would be compared otherwise.
    if (keys === 0) throw new Error("the workload has left no data at any time");
  }

  #disturb(random: SeededRandom): void {
    const proxy = this.#proxy;
    const direction = random.pick(["to replica", "to primary"] as const);
    const fault = random.below(8);
    if (fault === 0) proxy.cut();
    else if (fault === 1) proxy.cutInside();
    else if (fault === 6) {
      // The replica misses so much that the backlog does not reach back far enough.
      proxy.refuses = true;
      proxy.cut();
    } else if (fault === 2) proxy.closeHalf(direction);
    else if (fault === 3) proxy.delayMs = random.below(60);
    else if (fault === 4) proxy.heal();
    else {
      // A link that has swallowed something must not go on: no network loses bytes in the middle of a connection.
      proxy.heal();
      proxy.silent = direction;
    }
  }

  async close(): Promise<void> {
    this.#proxy.close();
    await this.replica.close();
    await this.primary.close();
  }
}

/** Sends random requests of all types. */
export async function sendSome(client: RespConnection, random: SeededRandom): Promise<void> {
  const commands: Word[][] = [["SELECT", random.below(4)]];
  while (commands.length < requestsPerRound) {
    const words = generateWords(random);
    if (!leftOut.test(String(words[0]))) commands.push(words);
  }
  await client.replies([...commands, ["DISCARD"]]);
}
