import type { NodeEndpoint } from "../dispatch/ports.ts";
import type { SettingValues } from "../settings/settings.ts";
import type { Members } from "./members.ts";
import { nodeAddress } from "./node-address.ts";
import { preferredHost } from "./preferred-endpoint.ts";

/** What a node says of itself to clients, where that differs from its name on the ring. */
export type Announcement = Partial<NodeEndpoint>;

/** A host name has at most 255 bytes, an address fewer. */
const maxTextLength = 255;

/**
 * Where clients reach the nodes. Names on the ring, which decide owners and lead the nodes to each other, stay what they are:
 * behind a NAT, or in containers, clients may have to use other addresses.
 */
export class AnnouncedEndpoints {
  readonly #members: Members;
  readonly #values: SettingValues;
  /** By the node's number. A node that was never heard is reached at its name. */
  readonly #announced = new Map<number, Announcement>();

  constructor(members: Members, values: SettingValues) {
    this.#members = members;
    this.#values = values;
  }

  own(): Announcement {
    const values = this.#values;
    const said: Announcement = {
      ip: values["cluster-announce-ip"],
      port: values["cluster-announce-port"],
      busPort: values["cluster-announce-bus-port"],
      hostname: values["cluster-announce-hostname"],
    };
    return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== "" && value !== 0));
  }

  /** Takes in what another node has said of itself. */
  take(name: string, announcement: Announcement): void {
    const node = this.#members.names.indexOf(name);
    if (node >= 0) this.#announced.set(node, announcement);
  }

  of(node: number): NodeEndpoint {
    const { host, port } = nodeAddress(this.#members.names[node] as string);
    const announced = node === this.#members.self ? this.own() : this.#announced.get(node);
    return { ip: host, port, busPort: port, hostname: "", ...announced };
  }

  /** Host and port of a node, as clients are told in one word. */
  preferred(node: number): string {
    const endpoint = this.of(node);
    return `${preferredHost(this.#values, endpoint) ?? ""}:${endpoint.port}`;
  }
}

/** Reads an announcement of another node; undefined when it is none. */
export function readAnnouncement(said: unknown): Announcement | undefined {
  if (typeof said !== "object" || said === null) return undefined;
  const { ip, port, busPort, hostname } = said as Record<string, unknown>;
  const isText = (value: unknown): boolean =>
    value === undefined || (typeof value === "string" && value.length <= maxTextLength);
  const isPort = (value: unknown): boolean =>
    value === undefined || (Number.isInteger(value) && (value as number) > 0 && (value as number) <= 65_535);
  return isText(ip) && isText(hostname) && isPort(port) && isPort(busPort) ? said : undefined;
}
