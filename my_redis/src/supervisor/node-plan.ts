import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { DirectiveError } from "../settings/directive.ts";
import type { SettingValues } from "../settings/settings.ts";

/** One node of the ring that a supervisor keeps running. */
export interface PlannedNode {
  /** host:port, its name on the ring. */
  readonly name: string;
  /** 0 where all clients are encrypted. */
  readonly port: number;
  /** The port of its encrypted clients; 0 for none. */
  readonly tlsPort: number;
  /** The port of its administrators; 0 for none. */
  readonly adminPort: number;
  readonly metricsPort: number;
  /** Its own folder, in `dir`. */
  readonly folder: string;
  /** The names of all other nodes, including those of other machines (`peers`). */
  readonly peers: readonly string[];
  /** The value of cluster-replicas; empty for a ring without replicas. */
  readonly replicas: string;
}

/** The settings that decide about the nodes of this machine. */
export type PlanSettings = Pick<
  SettingValues,
  | "nodes"
  | "replicas"
  | "port"
  | "tls-port"
  | "tls-cluster"
  | "admin-port"
  | "metrics-port"
  | "unixsocket"
  | "bind"
  | "self"
  | "peers"
  | "cluster-replicas"
  | "dir"
>;

/**
 * The nodes that `nodes` and `replicas` ask for: their ports go upwards from `port` and `tls-port`, first those of the nodes, then those
 * of their first replicas, and so on. Each has its own folder. The host in their names is that of `self`, otherwise the
 * first address in `bind`.
 *
 * @throws DirectiveError when the settings give no such ports
 */
export function planNodes(settings: PlanSettings): PlannedNode[] {
  const { replicas, self, "tls-port": tlsPort } = settings;
  // The port in the nodes' names, at which they reach each other.
  const port = settings["tls-cluster"] ? tlsPort : settings.port;
  const nodes = settings.nodes * (1 + replicas);
  // A node's address is its place on the ring: with another port after a restart it would not find its own keys.
  if (port === 0 && settings["tls-cluster"]) throw new DirectiveError("tls-cluster needs tls-port");
  if (port === 0) throw new DirectiveError("nodes needs a fixed port: with port 0 each start would make another ring");
  if (port + nodes - 1 > 65_535) {
    throw new DirectiveError(`${nodes} nodes from port ${port} upwards would go beyond port 65535`);
  }
  checkTlsPorts(settings, nodes);
  const lastAdminPort = settings["admin-port"] + nodes - 1;
  if (settings["admin-port"] > 0 && lastAdminPort > 65_535) {
    throw new DirectiveError(`the administration ports of ${nodes} nodes would go beyond port 65535: ${lastAdminPort}`);
  }
  if (settings["metrics-port"] + nodes - 1 > 65_535) {
    throw new DirectiveError(
      `${nodes} nodes from metrics-port ${settings["metrics-port"]} upwards would go beyond 65535`,
    );
  }
  if (settings.unixsocket !== "" && nodes > 1) {
    throw new DirectiveError(`unixsocket names one socket, which ${nodes} nodes cannot share`);
  }
  const host = self === "" ? hostOf(settings.bind) : self.slice(0, self.lastIndexOf(":"));
  if (self !== "" && self !== `${host}:${port}`) {
    throw new DirectiveError(`self is ${self}, but with nodes it names the first of them, at port ${port}`);
  }
  const ports = Array.from({ length: nodes }, (_, index) => port + index);
  const names = ports.map((each) => `${host}:${each}`);
  const groups = names
    .slice(0, settings.nodes)
    .map((_, seat) => names.filter((_name, index) => index % settings.nodes === seat).join(" "));
  const given = settings["cluster-replicas"].map((group) => group.join(" "));
  const allGroups = replicas === 0 ? given : [...groups, ...given];
  const elsewhere = settings.peers.filter((peer) => !names.includes(peer));
  return ports.map((each, index) => ({
    name: names[index] as string,
    port: settings.port === 0 ? 0 : settings.port + index,
    tlsPort: tlsPort === 0 ? 0 : tlsPort + index,
    adminPort: settings["admin-port"] === 0 ? 0 : settings["admin-port"] + index,
    metricsPort: settings["metrics-port"] === 0 ? 0 : settings["metrics-port"] + index,
    folder: join(resolve(settings.dir), `node-${each}`),
    peers: [...names.filter((_, other) => other !== index), ...elsewhere],
    replicas: allGroups.join(", "),
  }));
}

/** Throws DirectiveError when the two ranges of ports meet, or the second one is too long. */
function checkTlsPorts({ port, "tls-port": tlsPort }: PlanSettings, nodes: number): void {
  if (tlsPort + nodes - 1 > 65_535) {
    throw new DirectiveError(`${nodes} nodes from tls-port ${tlsPort} upwards would go beyond port 65535`);
  }
  if (port > 0 && tlsPort > 0 && Math.abs(port - tlsPort) < nodes) {
    throw new DirectiveError(`the ports of ${nodes} nodes from port ${port} and from tls-port ${tlsPort} are the same`);
  }
}

/** Words of a node's command line. They follow the supervisor's own, because the last value of a directive wins. */
export function nodeWords({
  name,
  port,
  tlsPort,
  adminPort,
  metricsPort,
  folder,
  peers,
  replicas,
}: PlannedNode): string[] {
  const own = [
    "--nodes",
    "1",
    "--port",
    `${port}`,
    "--tls-port",
    `${tlsPort}`,
    "--admin-port",
    `${adminPort}`,
    "--metrics-port",
    `${metricsPort}`,
    "--dir",
    folder,
    "--self",
    name,
    "--pidfile",
    "",
    "--daemonize",
    "no",
  ];
  const ofReplicas =
    replicas === "" ? [] : ["--replicas", "0", "--cluster-replicas", "", "--cluster-replicas", replicas];
  return [...own, "--peers", peers.join(","), ...ofReplicas];
}

/** Makes the nodes' folders. */
export function makeFolders(nodes: readonly PlannedNode[]): void {
  for (const { folder } of nodes) mkdirSync(folder, { recursive: true });
}

/** A wildcard address is no address to connect to, so the nodes of this machine use the loopback address. */
function hostOf(bind: readonly string[]): string {
  const address = bind
    .map((each) => each.replace(/^-/, ""))
    .find((each) => !["*", "::*", "0.0.0.0", "::"].includes(each));
  if (address === undefined) return "127.0.0.1";
  return address.includes(":") ? `[${address}]` : address;
}
