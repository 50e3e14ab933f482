import { SeededRandom } from "../../../tools/seeded-random.ts";
import { expectSameData, untilConnected } from "./replication-servers.ts";
import { RestartingServer, syncsOf } from "./restarting-server.ts";
import { type PairOfKinds, sendSome } from "./workload.ts";

const rounds = 12;

/** A primary and its replica, which both start again now and then: in good order, or with an older snapshot. */
export class RestartedPair {
  readonly #primary: RestartingServer;
  readonly #replica: RestartingServer;

  private constructor(primary: RestartingServer, replica: RestartingServer) {
    this.#primary = primary;
    this.#replica = replica;
  }

  static async start([primaryKind, replicaKind]: PairOfKinds): Promise<RestartedPair> {
    const primary = await RestartingServer.start(primaryKind);
    const replicaof = `127.0.0.1 ${primary.server.port}`;
    // One of the two ends with a snapshot, and the other one, where it is MyRedis, with its log.
    const log = replicaKind === "MyRedis" ? { appendonly: "yes" } : {};
    return new RestartedPair(primary, await RestartingServer.start(replicaKind, { replicaof, ...log }));
  }

  /** Sends a workload to the primary, and compares the data at the end. */
  async run(seed: number): Promise<void> {
    const random = new SeededRandom(seed);
    const [primary, replica] = [this.#primary, this.#replica];
    await primary.server.ask("FLUSHALL");
    await untilConnected(replica.server);
    const before = syncsOf(replica).partial;
    for (let round = 0; round < rounds; round++) {
      await this.#write(random);
      const what = random.below(6);
      if (what === 0) await replica.restart("orderly", () => this.#write(random));
      else if (what === 1) await replica.restart("lost");
      else if (what === 2) await primary.restart("orderly");
      else if (what === 3) await primary.restart("lost");
      else if (what === 4) await random.pick([primary, replica]).server.ask("SAVE");
      if (random.oneIn(2)) await expectSameData(primary.server, replica.server, { hasRestarted: true });
    }
    // So that each workload has at least one restart of each that needs no full synchronisation.
    await expectSameData(primary.server, replica.server, { hasRestarted: true });
    await replica.restart("orderly", () => this.#write(random));
    await expectSameData(primary.server, replica.server, { hasRestarted: true });
    await primary.restart("orderly");
    await this.#write(random);
    await expectSameData(primary.server, replica.server, { hasRestarted: true });
    if (syncsOf(replica).partial === before) throw new Error("the replica has never gone on where it was");
  }

  async #write(random: SeededRandom): Promise<void> {
    const client = await this.#primary.server.connect();
    await sendSome(client, random);
    client.close();
  }

  async close(): Promise<void> {
    await this.#replica.close();
    await this.#primary.close();
  }
}
