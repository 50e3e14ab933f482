import type { Client } from "../dispatch/client.ts";
import { changesData } from "../dispatch/checks/client-pause.ts";
import type { Context } from "../dispatch/context.ts";
import { type Policy, postponed } from "../dispatch/checks/policies.ts";
import { PostponedRequests } from "../dispatch/held-requests.ts";
import type { Connect } from "../network/transport.ts";
import type { Server } from "../server.ts";
import { type Migration, type MigratingKey, transfer, type TransferResult } from "./transfer.ts";

const changedMeanwhile = "ERR a key was changed while it was sent: the keys are at both servers now";

/** The network, as far as who works outside of any client's turn needs it. */
export interface MigrationNetwork {
  readonly connect: Connect;
  /** Runs work as a turn of its own: its replies are sent and its log is written at the end. */
  readonly inTurn: (work: () => void) => void;
}

/**
 * MIGRATE: keys go to another server and then leave this one. Meanwhile their client waits, and so does everybody who
 * wants to change data: redis-server stands still altogether. So there is one migration at a time, and what is removed
 * here is what was sent. While there is none this costs nothing: the policy is among the server's only meanwhile.
 */
export class Migrations {
  readonly #server: Server;
  readonly #network: MigrationNetwork;
  readonly #requests: PostponedRequests;
  readonly #stopping = new AbortController();

  constructor(server: Server, network: MigrationNetwork) {
    this.#server = server;
    this.#network = network;
    this.#requests = new PostponedRequests(server);
    server.arrivalPolicies.add(this.#policy);
  }

  /** The server stops: what is under way is given up, and its keys stay. */
  stop(): void {
    this.#stopping.abort();
  }

  /**
   * Begins to send the keys, which are in the client's database. His reply comes when that is done. `isAsSent` compares
   * a key, should anything have changed meanwhile in spite of all.
   */
  begin({ client }: Context, migration: Migration, isAsSent: (key: MigratingKey) => boolean): void {
    this.#server.policies.push(this.#policy);
    client.postponed = true;
    client.channel.pause();
    void this.#run(client, migration, isAsSent);
  }

  async #run(client: Client, migration: Migration, isAsSent: (key: MigratingKey) => boolean): Promise<void> {
    const { keyspace, policies } = this.#server;
    const { dirty } = keyspace;
    const { database } = client;
    const result = await this.#transfer(migration);
    if (this.#stopping.signal.aborted) return;
    this.#network.inTurn(() => {
      const changed = keyspace.dirty === dirty ? undefined : result.taken.find((key) => !isAsSent(key));
      if (!migration.copies && changed === undefined) this.#remove(database, result.taken);
      policies.splice(policies.indexOf(this.#policy), 1);
      this.#answer(client, changed === undefined || migration.copies ? result.error : changedMeanwhile);
    });
    this.#requests.releaseAll();
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
    const { keyspace, log, pubSub } = this.#server;
    const database = keyspace.database(number);
    const removed: Uint8Array[] = [];
    for (const { key } of taken) {
      const address = database.find(key, 0, key.length);
      // Its time may have been over before the target had it.
      if (address === 0) continue;
      database.remove(address);
      database.changedKey(key, 0, key.length, "del");
      removed.push(key);
    }
    if (removed.length > 0) log?.append(number, ["DEL", ...removed]);
    this.#server.serveBlocked();
    pubSub.deliver();
  }

  #answer(client: Client, error: string | undefined): void {
    client.postponed = false;
    if (client.gone) return;
    this.#server.answer(client, (reply) => {
      if (error === undefined) reply.ok();
      else this.#server.processor.writeError(reply, error);
    });
    client.channel.resume();
  }

  readonly #policy: Policy = (context, command, args) => {
    const { kind } = context.client;
    if ((kind !== "normal" && kind !== "relayed") || !changesData(context, command, args)) return undefined;
    this.#requests.hold(context, args);
    return postponed;
  };
}
