import { DirectiveError } from "../directive.ts";
import {
  choice,
  choices,
  integer,
  list,
  maxInt64,
  memory,
  memoryOrPercent,
  octal,
  text,
  yesNo,
} from "../value-kinds.ts";
import { outputLimits } from "../special-values.ts";

const noThreads = "one process uses one core; start more nodes to use more";

function readAddresses(words: readonly string[]): readonly string[] {
  if (words.length > 16) throw new DirectiveError("Too many bind addresses specified.");
  // An empty text means no TCP address at all: no client could reach the server.
  if (words.length === 0 || words.includes("") || words.includes("-")) {
    throw new DirectiveError("an address must not be empty: give 1 to 16 addresses, or * for all");
  }
  return words;
}

/** Addresses, clients, and limits on requests. */
export const networkDirectives = {
  bind: list({
    default: ["127.0.0.1", "-::1"],
    summary:
      "Addresses to accept clients at; a leading - lets an address be missing, * means all of IPv4, ::* all of IPv6.",
    change: "start",
    expects: "1 to 16 addresses",
    read: readAddresses,
  }),
  "admin-bind": list({
    default: ["127.0.0.1", "-::1"],
    summary: "Addresses of the administration port, in the form of bind.",
    change: "start",
    expects: "1 to 16 addresses",
    read: readAddresses,
  }),
  "admin-port": integer({
    default: 0,
    max: 65535,
    summary: "TCP port whose clients do not count against maxclients and do not wait for other clients; 0 for none.",
    change: "start",
  }),
  "metrics-port": integer({
    default: 0,
    max: 65535,
    summary: "HTTP port at which Prometheus finds the figures of INFO, as /metrics; 0 for none.",
    change: "start",
  }),
  "metrics-bind": list({
    default: ["127.0.0.1", "-::1"],
    summary: "Addresses of the port for Prometheus, in the form of bind.",
    change: "start",
    expects: "1 to 16 addresses",
    read: readAddresses,
  }),
  "client-turn-ms": integer({
    default: 2,
    min: 1,
    max: 1000,
    summary: "Milliseconds for which clients' requests run before the server looks at new ones and at administrators.",
  }),
  "client-waiting-limit": memory({
    default: 64 * 1024 * 1024,
    min: 1024 * 1024,
    summary:
      "Bytes of requests that all clients together may have waiting for a turn; above it nothing more is read until half has run.",
  }),
  "overload-wait-ms": integer({
    default: 1000,
    summary:
      "Longest wait of a client for its turn from which the server counts as overloaded, and refuses work; 0 never.",
  }),
  "overload-refuses": choices(["connections", "writes", "reads"], {
    default: ["connections"],
    summary:
      "What is refused under overload: the first word from overload-wait-ms on, the second from twice that on ...",
  }),
  port: integer({
    default: 6379,
    max: 65535,
    summary: "TCP port to accept clients at; 0 takes any free port.",
    change: "start",
  }),
  "tcp-backlog": integer({
    default: 511,
    summary: "Connections that the system may hold ready while they wait to be accepted.",
    change: "start",
    unused: "the runtime chooses the backlog of its listening sockets",
  }),
  "tcp-keepalive": integer({
    default: 300,
    summary: "Seconds of silence after which the system asks whether a client is still there; 0 never asks.",
  }),
  timeout: integer({
    default: 0,
    summary: "Seconds after which a client that asks for nothing is disconnected; 0 never.",
  }),
  maxclients: integer({
    default: 10000,
    min: 1,
    max: 4294967295,
    summary: "Clients that may be connected at the same time.",
  }),
  "protected-mode": yesNo({
    default: true,
    summary: "While no password is set, clients from other machines are sent away.",
  }),
  "proto-max-bulk-len": memory({
    default: 512 * 1024 * 1024,
    min: 1024 * 1024,
    // The longest key of a record: so every argument can be a key, a field or an element. See memory/record.ts.
    max: 1024 * 1024 * 1024 - 1,
    summary: "Longest single argument that a client may send, and longest string value.",
  }),
  "client-query-buffer-limit": memory({
    default: 1024 * 1024 * 1024,
    min: 1024 * 1024,
    summary: "Bytes of unfinished requests that are held for one client before it is disconnected.",
  }),
  "client-output-buffer-limit": outputLimits({
    default: {
      normal: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
      replica: { hardBytes: 256 * 1024 * 1024, softBytes: 64 * 1024 * 1024, softSeconds: 60 },
      pubsub: { hardBytes: 32 * 1024 * 1024, softBytes: 8 * 1024 * 1024, softSeconds: 60 },
    },
    summary: "Bytes of replies that a client may leave unread, at once and for some seconds, by class of client.",
  }),
  "bind-source-addr": text({
    default: "",
    summary: "Address from which connections to other nodes are made.",
    unused: "the system chooses the source address",
  }),
  "socket-mark-id": integer({
    default: 0,
    max: 4294967295,
    summary: "Mark that the system's packet filter sees on the server's sockets.",
    change: "start",
    onlyDefault: "the runtime cannot mark sockets",
  }),
  unixsocket: text({
    default: "",
    summary:
      "Path of a Unix socket to accept clients at, relative to dir; empty for none. With port 0 there is no other listener.",
    change: "start",
  }),
  unixsocketperm: octal({
    default: 0,
    summary: "File mode of the Unix socket, in octal digits; 0 leaves what the process's umask makes of it.",
    change: "start",
  }),
  "io-threads": integer({
    default: 1,
    min: 1,
    max: 128,
    summary: "Threads that read and write sockets.",
    change: "start",
    unused: noThreads,
  }),
  "io-threads-do-reads": yesNo({
    default: false,
    summary: "Whether those threads also read requests.",
    change: "start",
    unused: noThreads,
  }),
  "maxmemory-clients": memoryOrPercent({
    default: 0,
    summary: "Memory that all clients may take together, above which the largest are disconnected; 0 for no limit.",
  }),
  "tracking-table-max-keys": integer({
    default: 1_000_000,
    max: maxInt64,
    summary: "Keys remembered for clients that cache values (CLIENT TRACKING); 0 for any number.",
  }),
  "acl-pubsub-default": choice(["allchannels", "resetchannels"], {
    default: "resetchannels",
    summary: "Whether new ACL users may use all channels.",
    unused: "there are no ACL users besides the default one yet",
  }),
  "acllog-max-len": integer({
    default: 128,
    max: maxInt64,
    summary: "Entries that ACL LOG keeps.",
    unused: "there are no ACL users besides the default one yet",
  }),
  aclfile: text({
    default: "",
    summary: "File of ACL users.",
    change: "start",
    onlyDefault: "there are no ACL users besides the default one yet: use requirepass",
  }),
  requirepass: text({
    default: "",
    summary: "Password that a client must give with AUTH or HELLO before anything else; empty for none.",
  }),
};
