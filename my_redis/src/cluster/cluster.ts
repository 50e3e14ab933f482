import type { ClusterView } from "./cluster-view.ts";
import type { PeerChannel } from "./peer-channel.ts";
import type { SpanningCommand } from "./spanning-command.ts";

/**
 * The ring that this node belongs to.
 *
 * How a command comes to span nodes: `cluster.spanning.set("mget", { run(context, args, reply) { ... } })`, by the
 * command's full name in lower case ("script|load"). `run` asks the owners with `cluster.channel.request(node, kind,
 * payload, answered)`; `cluster.channel.onRequest(kind, handler)` is the other side, on every node. For this
 * node's own keys it calls `server.processor.call`, with a context in the right database (`context.select`). All of it is set up in `installSpanningCommands` (cluster/spanning/), which
 * is called once, before the first client or link is served and after the log has been loaded.
 */
export interface Cluster {
  readonly view: ClusterView;
  readonly channel: PeerChannel;
  /** By the command's full name in lower case. */
  readonly spanning: Map<string, SpanningCommand>;
}
