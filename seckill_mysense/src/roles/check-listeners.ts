import { parseNodeName } from "../authorization/ring/node-name.ts";
import type { Settings } from "../settings/settings.ts";
import type { Role } from "./task.ts";
import { StartError } from "./start-error.ts";

export interface Listener {
  /** The setting that names its port. */
  readonly key: string;
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
}

/**
 * Checks that no two listeners of this role share an address. The operating system would only say that the port is in use.
 * @throws StartError that names both settings
 */
export function checkListeners(role: Role, settings: Settings): void {
  const listeners = listenersOf(role, settings);
  for (const [index, one] of listeners.entries()) {
    const other = listeners.slice(index + 1).find((later) => later.port === one.port && overlap(one.host, later.host));
    if (one.port === 0 || other === undefined) continue;
    throw new StartError(
      `${other.key} is ${other.port} on ${other.host}, the same as ${one.key} on ${one.host}: each listener needs a port of its own`,
    );
  }
}

/** Where a role listens by its settings. */
export function listenersOf(role: Role, { backend, admin, quantity, gateways, operations }: Settings): Listener[] {
  const isAll = role === "all";
  const isGateway = isAll || role === "gateway";
  const self = isGateway ? parseNodeName(gateways.self) : undefined;
  const listeners: (Listener | false | undefined)[] = [
    isGateway && { key: "backend.api_port", host: backend.host, port: backend.api_port },
    (isAll || role === "admin") && admin.secret !== "" && { ...admin, key: "admin.port" },
    (isAll || role === "quantity") && quantity.programs.length > 0 && { ...quantity, key: "quantity.port" },
    self && { key: "gateways.self", host: gateways.listen_host || self.host, port: self.port },
    { ...operations, key: "operations.port" },
  ];
  return listeners.filter((listener) => listener !== undefined && listener !== false);
}

/** Listening at all addresses takes the port of each of them. "::" takes those of IPv4 as well. */
function overlap(one: string, other: string): boolean {
  const [first, second] = [one, other].map((host) => (host === "localhost" ? "127.0.0.1" : host)) as [string, string];
  if (first === second || first === "::" || second === "::") return true;
  return (first === "0.0.0.0" && !second.includes(":")) || (second === "0.0.0.0" && !first.includes(":"));
}
