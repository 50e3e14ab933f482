import type { Address } from "peer-link";
import type { Encrypted } from "../dispatch/client-channel.ts";
import type { Settings } from "../settings/settings.ts";
import type { Members } from "./members.ts";
import { nodeAddress } from "./node-address.ts";

/** The ports at which clients reach a node. 0: the one in its name. */
export interface ClientPorts {
  readonly plain: number;
  readonly encrypted: number;
}

/**
 * Where clients reach the nodes. A node's name is the address at which the other nodes reach it; with TLS it has a second
 * port, of which it tells the others when they meet.
 */
export class ClientAddresses {
  readonly #members: Members;
  readonly #settings: Pick<Settings, "values">;
  /** What the other nodes have said, by their names. */
  readonly #said = new Map<string, ClientPorts>();

  constructor(members: Members, settings: Pick<Settings, "values">) {
    this.#members = members;
    this.#settings = settings;
  }

  /** What this node says of itself. */
  own(): ClientPorts {
    const { values } = this.#settings;
    const isNamePort = values["tls-cluster"];
    return {
      plain: values["cluster-announce-port"] || (isNamePort ? values.port : 0),
      encrypted: values["cluster-announce-tls-port"] || (isNamePort ? 0 : values["tls-port"]),
    };
  }

  /** Another node has told of its ports. */
  take(name: string, ports: ClientPorts | undefined): void {
    if (ports === undefined) this.#said.delete(name);
    else if (this.#members.names.includes(name)) this.#said.set(name, ports);
  }

  /** Where a client with or without encryption reaches a node. */
  of(node: number, encrypted: Encrypted): Address {
    const name = this.#members.names[node] as string;
    const { host, port } = nodeAddress(name);
    const ports = node === this.#members.self ? this.own() : this.#said.get(name);
    const other = encrypted === "no" ? ports?.plain : ports?.encrypted;
    return { host, port: other || port };
  }
}
