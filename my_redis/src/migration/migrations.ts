import type { Client } from "../dispatch/client.ts";
import { changesData } from "../dispatch/checks/changes-data.ts";
import type { RequestCheck } from "../dispatch/checks/request-check.ts";
import type { Services } from "../dispatch/context.ts";
import { HeldRequests } from "../dispatch/held-requests.ts";
import type { MigratingKey, Migration, MigrationPort } from "../dispatch/ports.ts";
import { answer } from "../dispatch/replies.ts";
import type { Connect } from "../network/transport.ts";
import { transfer, type TransferResult } from "./transfer.ts";

const notServed = "CLUSTERDOWN this node may no longer serve what it has sent: the keys may be at both servers now";
const changedMeanwhile = "ERR a key was changed while it was sent: the keys are at both servers now";

/** The services that work outside of clients' requests needs from the network. */
export interface MigrationNetwork {
  readonly connect: Connect;
  /** Runs work as a turn of its own: its replies are sent and the log is written at the end. */
  readonly inTurn: (work: () => void) => void;
}

/**
 * MIGRATE: keys go to another server and then leave this one. Meanwhile their client waits, and so does every client
 * that wants to change data (redis-server serves no client at all). So there is one migration at a time, and the value
 * that is removed here is the value that was sent. The check is installed only meanwhile.
 */
export class Migrations implements MigrationPort {
  readonly #server: Services;
  readonly #network: MigrationNetwork;
  readonly #requests: HeldRequests;
  readonly #stopping = new AbortController();

  constructor(server: Services, network: MigrationNetwork) {
    this.#server = server;
    this.#network = network;
    this.#requests = new HeldRequests(server, { countsAsBlocked: true });
  }

  /** The server stops: a migration under way is given up, and its keys stay. */
  stop(): void {
    this.#stopping.abort();
  }

  begin({ client }: { readonly client: Client }, migration: Migration, isAsSent: (key: MigratingKey) => boolean): void {
    const uninstall = this.#server.checks.install(this.#check, "waiting");
    client.hold();
    void this.#run(client, migration, { isAsSent, uninstall });
  }

  async #run(
    client: Client,
    migration: Migration,
    { isAsSent, uninstall }: { isAsSent: (key: MigratingKey) => boolean; uninstall: () => void },
  ): Promise<void> {
    const { keyspace } = this.#server;
    const { dirty } = keyspace;
    const { database } = client;
    const result = await this.#transfer(migration);
    if (this.#stopping.signal.aborted) return;
    this.#network.inTurn(() => {
      const isAll = keyspace.dirty === dirty || result.taken.every(isAsSent);
      const obstacle = isAll ? this.#whyNotRemoved(client) : changedMeanwhile;
      if (!migration.copies && obstacle === undefined) this.#remove(database, result.taken);
      uninstall();
      this.#answer(client, migration.copies ? result.error : (obstacle ?? result.error));
    });
    this.#requests.releaseAll();
  }

  /** On a ring with replicas, another node may serve the keys by now, or know a newer primary. */
  #whyNotRemoved(client: Client): string | undefined {
    const seat = this.#server.cluster?.seat;
    return seat === undefined || seat.stillServes(client) ? undefined : notServed;
  }

  async #transfer(migration: Migration): Promise<TransferResult> {
    try {
      return await transfer(this.#network.connect, migration, this.#stopping.signal);
    } catch (error) {
      this.#server.environment.report("error", "migrate failed unexpectedly", error);
      return { taken: [], error: "ERR internal error in 'migrate' command" };
    }
  }

  #remove(number: number, taken: readonly MigratingKey[]): void {
    const { blocking, changes, keyspace, pubSub } = this.#server;
    const database = keyspace.database(number);
    const removed: Uint8Array[] = [];
    for (const { key } of taken) {
      const address = database.find(key, 0, key.length);
      // The key may have expired before it reached the target.
      if (address === 0) continue;
      database.remove(address);
      database.changedKey(key, 0, key.length, "del");
      removed.push(key);
    }
    if (removed.length > 0) changes.append(number, ["DEL", ...removed]);
    blocking.serve();
    pubSub.deliver();
  }

  #answer(client: Client, error: string | undefined): void {
    client.isHeld = false;
    if (client.gone) return;
    const { processor, replies } = this.#server;
    answer(replies, client, (reply) => {
      if (error === undefined) reply.ok();
      else processor.writeError(reply, error);
    });
    client.channel.resume();
  }

  readonly #check: RequestCheck<"migration"> = {
    name: "migration",
    arriving: (context, command, args) =>
      context.client.isReal && changesData(context, command, args) ? this.#requests.hold(context, args) : "run",
  };
}
