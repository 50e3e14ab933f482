import type { OperatorAnswer } from "../cluster/failover/ring-request-codec.ts";
import type { RingStatus } from "../cluster/failover/ring-status.ts";
import { askServer, type Login, ServerError } from "./ask-server.ts";

/** The ring refuses, or a node is not what it has to be. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
}

/** Asks the ring by any of its members: one that has left, or ended, does not matter. */
export class RingClient {
  readonly #login: Login;
  #addresses: readonly string[];

  constructor(address: string, login: Login) {
    this.#addresses = [address];
    this.#login = login;
  }

  /** Throws RefusedError and ServerError. */
  async request(words: readonly string[]): Promise<OperatorAnswer> {
    const reply = await askServer(this.#addresses[0] as string, this.#login, ["CLUSTER", "RING", ...words]);
    if ("error" in reply) throw new RefusedError(reply.error);
    return JSON.parse(reply.text) as OperatorAnswer;
  }

  /** As the leader sees the ring. Asks each member that is known. */
  async status(): Promise<RingStatus> {
    let failure: unknown;
    for (const _ of this.#addresses) {
      try {
        const answer = await this.request(["status"]);
        if (answer.type === "status") return this.#learn(answer.status);
      } catch (error) {
        if (!(error instanceof RefusedError || error instanceof ServerError)) throw error;
        failure = error;
        this.#addresses = [...this.#addresses.slice(1), this.#addresses[0] as string];
      }
    }
    throw failure;
  }

  #learn(status: RingStatus): RingStatus {
    const [present = "", ...others] = this.#addresses;
    this.#addresses = [...new Set([present, status.leader, ...others, ...status.seats.flatMap(({ nodes }) => nodes)])];
    return status;
  }

  /** The keys of each place. Primaries that do not answer are left out. */
  async keyCounts({ seats }: RingStatus): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    const count = async (name: string, primary: string): Promise<void> => {
      const reply = await askServer(primary, this.#login, ["INFO", "keyspace"]).catch(() => undefined);
      if (reply !== undefined && "text" in reply) counts.set(name, keysIn(reply.text));
    };
    await Promise.all(seats.filter(({ primary }) => primary !== "").map(({ name, primary }) => count(name, primary)));
    return counts;
  }

  /** A node that is to join must be there, be empty, and agree with others on members. Throws RefusedError and ServerError. */
  async checkJoining(node: string): Promise<void> {
    const ask = async (section: string): Promise<string> => {
      const reply = await askServer(node, this.#login, ["INFO", section]);
      if ("error" in reply) throw new RefusedError(`${node}: ${reply.error}`);
      return reply.text;
    };
    if (!(await ask("cluster")).includes("cluster_seat_role:")) {
      throw new RefusedError(`${node}: it has not 'self ${node}' and 'cluster-members agreed' in redis.conf`);
    }
    const keys = keysIn(await ask("keyspace"));
    if (keys > 0) throw new RefusedError(`${node}: it holds ${keys} keys, and a node that joins must be empty`);
  }
}

const keysIn = (info: string): number =>
  [...info.matchAll(/^db\d+:keys=(\d+)/gm)].reduce((sum, [, keys]) => sum + Number(keys), 0);
