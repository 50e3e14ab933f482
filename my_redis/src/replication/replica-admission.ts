import type { Client } from "../dispatch/client.ts";
import type { Services } from "../dispatch/context.ts";
import type { ClusterPort, ReplicaIntroduction, SyncRequest } from "../dispatch/ports.ts";
import { CommandError } from "../protocol/command-error.ts";
import type { ReplicaFacts } from "./attached-replica.ts";
import type { AttachedReplicas } from "./attached-replicas.ts";
import type { ReplicationHistory } from "./replication-history.ts";
import type { StreamFeed } from "./stream-feed.ts";

export interface ReplicaAdmissionOptions {
  readonly server: Services;
  readonly history: ReplicationHistory;
  readonly replicas: AttachedReplicas;
  readonly feed: StreamFeed;
  /** Whether the primary is connected; undefined on a primary. */
  readonly isConnected: () => boolean | undefined;
  readonly isFailingOver: () => boolean;
  /** Makes this server, which is a replica, a primary. */
  readonly promote: () => void;
}

/** REPLCONF, PSYNC and SYNC: decides whether a client may become a replica, and what it gets. */
export class ReplicaAdmission {
  readonly #options: ReplicaAdmissionOptions;
  readonly #introductions = new WeakMap<Client, ReplicaFacts>();

  constructor(options: ReplicaAdmissionOptions) {
    this.#options = options;
  }

  introduce(client: Client, { port, address, takesEndMark, takesSecondId }: ReplicaIntroduction): void {
    const facts = this.#factsOf(client);
    facts.port = port ?? facts.port;
    facts.address = address ?? facts.address;
    facts.takesEndMark ||= takesEndMark === true;
    facts.takesSecondId ||= takesSecondId === true;
  }

  #factsOf(client: Client): ReplicaFacts {
    let facts = this.#introductions.get(client);
    if (facts === undefined) {
      facts = { port: 0, address: "", takesEndMark: false, takesSecondId: false };
      this.#introductions.set(client, facts);
    }
    return facts;
  }

  /** The client's connection becomes that of a replica. Throws the error reply. */
  attach(client: Client, request: SyncRequest): void {
    const { feed, history, isConnected, isFailingOver, replicas, server } = this.#options;
    const { channel } = client;
    if (server.cluster !== undefined) requireSeat(server.cluster);
    if (channel.takeOver === undefined) throw new CommandError("ERR this connection cannot become that of a replica");
    if (request !== "everything" && request.takesOver) this.#takeOver(request.id);
    if (isFailingOver()) throw new CommandError("NOMASTERLINK Can't SYNC while failing over");
    if (isConnected() === false) throw new CommandError("NOMASTERLINK Can't SYNC while not connected with my master");
    const facts = this.#factsOf(client);
    const takeOver = channel.takeOver.bind(channel);
    const asking = { client, facts, asksWithId: request !== "everything", takeOver };
    const { statistics } = server.observers;
    if (request !== "everything" && history.canContinue(request.id, request.next)) {
      statistics.partialSyncs++;
      replicas.continue(asking, request.next - 1);
      return;
    }
    if (!facts.takesEndMark && server.storage === undefined) {
      throw new CommandError("ERR a server that writes no file sends a snapshot only after 'REPLCONF capa eof'");
    }
    const waitMs = replicas.pauseLeftMs(asking);
    if (waitMs > 0) {
      // Redis's replicas ask again later after this code.
      throw new CommandError(`NOMASTERLINK the last full synchronisation failed: try again in ${Math.ceil(waitMs)} ms`);
    }
    if (isConnected() === undefined && !feed.isOn) {
      history.keepStream();
      feed.begin();
    }
    statistics.fullSyncs++;
    if (request !== "everything" && request.id !== "?") statistics.refusedPartialSyncs++;
    replicas.synchronise(asking);
  }

  /** FAILOVER of the primary, whose history has this id: it wants this server to be the primary. */
  #takeOver(id: string): void {
    const { history, isConnected, promote, server } = this.#options;
    server.environment.report("notice", `Failover request received for replid ${id}.`);
    if (isConnected() === undefined) throw new CommandError("ERR PSYNC FAILOVER can't be sent to a master.");
    if (id.toLowerCase() !== history.id) throw new CommandError("ERR PSYNC FAILOVER replid must match my replid.");
    promote();
  }
}

/** Only the primary of a place on the ring sends its data, and only once its disk knows that it is the primary. */
function requireSeat({ seat }: ClusterPort): void {
  if (seat === undefined) throw new CommandError("ERR a node of a ring whose members are fixed has no replicas");
  if (!seat.maySync) throw new CommandError("NOMASTERLINK this node is not the primary of its place on the ring");
}
