import type { Server } from "../../server.ts";
import type { Client } from "../client.ts";
import type { Policy } from "../checks/policies.ts";

/**
 * CLIENT NO-TOUCH: the commands of some clients leave the access times of keys alone, TOUCH excepted. While there is no
 * such client this costs nothing: the policy is among the server's only as long as there is one.
 */
export class NoTouch {
  readonly #server: Server;
  readonly #clients = new Set<Client>();

  constructor(server: Server) {
    this.#server = server;
    server.arrivalPolicies.add(this.#policy);
  }

  set(client: Client, noTouch: boolean): void {
    const { keyspace, policies } = this.#server;
    const before = this.#clients.size;
    client.noTouch = noTouch;
    if (noTouch) this.#clients.add(client);
    else this.#clients.delete(client);
    if (before === 0 && this.#clients.size > 0) policies.push(this.#policy);
    if (before > 0 && this.#clients.size === 0) policies.splice(policies.indexOf(this.#policy), 1);
    keyspace.accessClock.marks = !noTouch;
  }

  /** A client went away. */
  forget(client: Client): void {
    if (client.noTouch) this.set(client, false);
  }

  /** What a script does is done for the client who called it, and whose command was seen here before. */
  readonly #policy: Policy = ({ client }) => {
    const { kind } = client;
    if (kind === "normal" || kind === "relayed") this.#server.keyspace.accessClock.marks = !client.noTouch;
    return undefined;
  };
}
