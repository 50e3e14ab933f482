import { parseAddress } from "peer-link";
import { choice, integer, list, maxInt64, maxUint64, memory, text, yesNo } from "../value-kinds.ts";
import { DirectiveError } from "../directive.ts";
import { replicaGroups } from "../special-values.ts";

const notYet = "nodes are joined by self and peers alone";

/** Checks the shape of a node's name in `self` and `peers`. */
function checkNode(node: string): string {
  if (parseAddress(node) === undefined) {
    throw new DirectiveError(`'${node}' is not host:port with a port from 1 to 65535`);
  }
  return node;
}

/** The words of replicaof: none for a primary. */
function readPrimary(words: readonly string[]): readonly string[] {
  if (words.join(" ").toLowerCase() === "no one" || words[0] === "") return [];
  const [host, port = ""] = words;
  if (
    host === undefined ||
    words.length !== 2 ||
    !/^\d{1,5}$/.test(port) ||
    Number(port) < 1 ||
    Number(port) > 65_535
  ) {
    throw new DirectiveError("wrong number of arguments, or a port that is not from 1 to 65535");
  }
  return words;
}

const hostName = (value: string): string | undefined =>
  /[^A-Za-z0-9.-]/.test(value) ? "Hostnames may only contain alphanumeric characters, hyphens or dots" : undefined;

const announcedPort = (summary: string) => integer({ default: 0, max: 65_535, summary });

/** Other nodes: the ring and replicas. */
export const nodeDirectives = {
  self: text({
    default: "",
    summary: "Address (host:port) at which the other nodes reach this one.",
    change: "start",
    check(value) {
      if (value !== "") checkNode(value);
      return undefined;
    },
  }),
  peers: list({
    default: [],
    summary: "Addresses (host:port) of the other nodes, separated by spaces or commas.",
    change: "start",
    expects: "addresses of the form host:port",
    read: (words) =>
      words
        .flatMap((word) => word.split(","))
        .filter((word) => word !== "")
        .map(checkNode),
  }),
  nodes: integer({
    default: 1,
    min: 1,
    max: 64,
    summary: "Nodes of one ring that the program keeps running on this machine, from port upwards.",
    change: "start",
  }),
  replicas: integer({
    default: 0,
    max: 4,
    summary: "Replicas that the program also keeps running for each of its nodes.",
    change: "start",
  }),
  "cluster-members": choice(["fixed", "agreed"], {
    default: "fixed",
    summary:
      "Whether self and peers name the members for good, or the nodes agree on them: then members may come and go.",
    change: "start",
  }),
  "cluster-replicas": replicaGroups({
    default: [],
    summary: "A node of the ring and its replicas; alike on all nodes. May be repeated.",
    change: "start",
    check: checkNode,
  }),
  "cluster-acknowledgement": choice(["primary", "replica"], {
    default: "primary",
    summary: "Whether a write is answered when its primary has it, or when every replica in sync has it, too.",
    change: "start",
  }),
  "cluster-routing": choice(["relay", "redirect"], {
    default: "relay",
    summary: "Whether a node has commands for keys of others carried out by them, or redirects clients to them.",
  }),
  "cluster-enabled": yesNo({
    default: false,
    summary: "Redis's own cluster mode.",
    change: "start",
    onlyDefault: "nodes join with self and peers",
  }),
  "cluster-config-file": text({
    default: "nodes.conf",
    summary: "File in which Redis's cluster mode keeps its state.",
    change: "start",
    unused: notYet,
  }),
  "cluster-port": port("Port of the connections between nodes.", "start"),
  "cluster-announce-ip": text({ default: "", summary: "Address of this node that clients are told." }),
  "cluster-announce-hostname": text({
    default: "",
    summary: "Host name of this node that clients are told.",
    check: hostName,
  }),
  "cluster-announce-port": announcedPort("Port that clients without encryption are told; 0 for this node's own."),
  "cluster-announce-tls-port": announcedPort("Port that encrypted clients are told; 0 for this node's own."),
  "cluster-announce-bus-port": announcedPort("Port for other nodes that clients are told; 0 for its own."),
  "cluster-node-timeout": integer({
    default: 15000,
    min: 100,
    max: 2_147_483_647,
    summary: "Milliseconds without an answer after which a node counts as gone.",
  }),
  "cluster-move-pause": integer({
    default: 8,
    max: 1000,
    summary: "Milliseconds that a node waits after each part of slots that it copies to another node.",
  }),
  "cluster-migration-barrier": integer({
    default: 1,
    summary: "Replicas that a primary must keep when one moves to another.",
    unused: notYet,
  }),
  "cluster-allow-replica-migration": yesNo({
    default: true,
    summary: "Replicas may move to a primary that has none.",
    unused: notYet,
  }),
  "cluster-require-full-coverage": yesNo({
    default: true,
    summary: "All slots must be served for any to be.",
    unused: notYet,
  }),
  "cluster-replica-validity-factor": integer({
    default: 10,
    alias: "cluster-slave-validity-factor",
    summary: "How old a replica's data may be when it takes over.",
    unused: notYet,
  }),
  "cluster-replica-no-failover": yesNo({
    default: false,
    alias: "cluster-slave-no-failover",
    summary: "A replica never takes over by itself.",
    unused: notYet,
  }),
  "cluster-allow-reads-when-down": yesNo({
    default: false,
    summary: "Reads are served while slots are missing.",
    unused: notYet,
  }),
  "cluster-allow-pubsubshard-when-down": yesNo({
    default: true,
    summary: "Shard channels work while slots are missing.",
    unused: notYet,
  }),
  "cluster-link-sendbuf-limit": memory({
    default: 0,
    max: maxUint64,
    summary: "Bytes that may wait to be sent to another node; 0 for 64 MiB.",
  }),
  "cluster-preferred-endpoint-type": choice(["ip", "hostname", "unknown-endpoint"], {
    default: "ip",
    summary: "Whether clients are told the addresses of nodes, their host names, or neither.",
  }),
  replicaof: list({
    default: [],
    alias: "slaveof",
    summary: "Host and port of the server whose data is copied.",
    change: "start",
    expects: "a host and a port, or: no one",
    read: readPrimary,
  }),
  masterauth: text({
    default: "",
    summary: "Password for the primary and for other nodes; for the latter, without it, that of requirepass.",
  }),
  masteruser: text({ default: "", summary: "User for the primary." }),
  "replica-serve-stale-data": yesNo({
    default: true,
    alias: "slave-serve-stale-data",
    summary: "A replica answers while its primary cannot be reached.",
  }),
  "replica-read-only": yesNo({
    default: true,
    alias: "slave-read-only",
    summary: "A replica takes no writes.",
  }),
  "replica-refuse-empty-primary": yesNo({
    default: false,
    summary: "A replica with data does not follow a primary that has none and another history.",
  }),
  "replica-priority": integer({
    default: 100,
    alias: "slave-priority",
    summary: "Order in which replicas are chosen to take over.",
  }),
  "replica-announced": yesNo({ default: true, summary: "Sentinel lists this replica." }),
  "replica-announce-ip": text({
    default: "",
    alias: "slave-announce-ip",
    summary: "Address that a replica announces to its primary.",
  }),
  "replica-announce-port": integer({
    default: 0,
    max: 65535,
    alias: "slave-announce-port",
    summary: "Port that a replica announces to its primary.",
  }),
  "repl-ping-replica-period": integer({
    default: 10,
    min: 1,
    alias: "repl-ping-slave-period",
    summary: "Seconds between signs of life to replicas.",
  }),
  "repl-timeout": integer({
    default: 60,
    min: 1,
    summary: "Seconds of silence after which replication counts as broken.",
  }),
  "repl-backlog-size": memory({
    default: 1024 * 1024,
    min: 1,
    summary: "Bytes of recent changes kept for replicas that come back.",
  }),
  "repl-backlog-ttl": integer({
    default: 3600,
    max: maxInt64,
    summary: "Seconds for which they are kept without any replica.",
  }),
  "repl-disable-tcp-nodelay": yesNo({
    default: false,
    summary: "Sends fewer, larger packets to replicas.",
    unused: "replicas are sent everything at once",
  }),
  "repl-diskless-sync": yesNo({
    default: true,
    summary: "Sends a snapshot to replicas without a file.",
  }),
  "repl-diskless-sync-delay": integer({
    default: 5,
    summary: "Seconds to wait for more replicas before that.",
  }),
  "repl-diskless-sync-max-replicas": integer({
    default: 0,
    summary: "Replicas after which that wait ends.",
  }),
  "repl-diskless-load": choice(["disabled", "on-empty-db", "swapdb"], {
    default: "disabled",
    summary: "Whether a replica loads a snapshot beside its old data (swapdb), or frees that first.",
  }),
  "min-replicas-to-write": integer({
    default: 0,
    alias: "min-slaves-to-write",
    summary: "Replicas that must be in touch for writes to be taken.",
  }),
  "min-replicas-max-lag": integer({
    default: 10,
    alias: "min-slaves-max-lag",
    summary: "Seconds since the last sign of life up to which a replica counts as in touch.",
  }),
};

function port(summary: string, change: "start" | "any-time" = "any-time") {
  return integer({ default: 0, max: 65535, summary, change, unused: notYet });
}
