import type { Context } from "../../dispatch/context.ts";
import { command } from "../../dispatch/command.ts";
import type { NetworkServer } from "../../network/network-server.ts";
import type { Turn } from "../../network/turn.ts";
import { CommandError } from "../../protocol/command-error.ts";
import type { ClusterNode } from "../cluster-node.ts";
import type { PeerRequest } from "../peer-channel.ts";
import { IncomingLink, type IncomingLinkOwner } from "./incoming-link.ts";
import { linkCommand, type LinkGreeting, linkReply, type LinkWelcome, readGreeting } from "./link-greeting.ts";
import type { LinkTiming } from "./link-timing.ts";

/** The links that other nodes have opened to this one. */
export class IncomingLinks implements IncomingLinkOwner {
  readonly network: NetworkServer;
  readonly turn: Turn;
  readonly #node: ClusterNode;
  readonly #links = new Set<IncomingLink>();
  readonly #complaints = new Map<string, string>();

  constructor(node: ClusterNode, network: NetworkServer, turn: Turn) {
    this.#node = node;
    this.network = network;
    this.turn = turn;
    node.server.commands.addHidden(this.#command());
  }

  get timing(): LinkTiming {
    return this.#node.timing;
  }

  get links(): ReadonlySet<IncomingLink> {
    return this.#links;
  }

  monotonicMs(): number {
    return this.#node.monotonicMs();
  }

  handlerOf(kind: number): ((request: PeerRequest) => void) | undefined {
    return this.#node.handlerOf(kind);
  }

  dirty(): void {
    this.#node.dirty();
  }

  flush(): void {
    for (const link of this.#links) link.flush();
  }

  tick(): void {
    for (const link of [...this.#links]) link.tick();
  }

  /** Takes nothing more from the others. What has been done for them is still answered, as it is to clients. */
  stopListening(): void {
    for (const link of this.#links) link.stopListening();
  }

  session(node: number, client: number): Context | undefined {
    for (const link of this.#links) {
      if (link.node === node) return link.session(client)?.context;
    }
    return undefined;
  }

  closed(link: IncomingLink, reason: string): void {
    if (!this.#links.delete(link)) return;
    this.#node.server.environment.report("notice", `the link from node ${link.name} has ended: ${reason}`);
  }

  /** By this command a connection becomes a link. */
  #command() {
    return command({
      name: linkCommand,
      group: "cluster",
      since: "7.2.0",
      complexity: "O(1)",
      summary: "Makes the connection a link between nodes.",
      flags: ["admin", "noscript", "no_multi", "loading", "stale"],
      arity: 2,
      run: (context, args, reply) => {
        const greeting = readGreeting(args.text(1));
        const { takeOver } = context.client.channel;
        if (greeting === undefined || takeOver === undefined)
          throw new CommandError("ERR this is no greeting of a node");
        const refusal = this.#refusalOf(greeting);
        const welcome: LinkWelcome = { ...this.#node.introduction(), refusal: refusal ?? "" };
        // One character per byte, as a line of text is written.
        reply.simple(linkReply + Buffer.from(JSON.stringify(welcome), "utf8").toString("latin1"));
        if (refusal === undefined) this.#open(context, greeting);
        else context.client.channel.closeAfterReplies();
      },
    });
  }

  #refusalOf(greeting: LinkGreeting): string | undefined {
    const reason = this.#node.meet(greeting);
    const own = this.#node.introduction().name;
    const refusal = reason ?? (greeting.to === own ? undefined : `this is ${own}, and not ${greeting.to}`);
    if (refusal !== undefined && this.#complaints.get(greeting.name) !== refusal) {
      if (this.#complaints.size > 1000) this.#complaints.clear();
      this.#complaints.set(greeting.name, refusal);
      this.#node.server.environment.report("warning", `node ${greeting.name} wants a link and gets none: ${refusal}`);
    }
    if (refusal !== undefined) return refusal;
    for (const { name, runId, number } of this.#links) {
      if (name === greeting.name && runId === greeting.runId && number > greeting.number)
        return "there is a newer link";
    }
    return undefined;
  }

  /** What came over an older link of the same node, and has not run yet, will not run any more. */
  #open(context: Context, { name, runId, number }: LinkGreeting): void {
    for (const link of [...this.#links]) if (link.name === name) link.end("there is a newer one");
    const { server, members } = this.#node;
    server.clients.remove(context);
    const link = new IncomingLink(this, { node: members.names.indexOf(name), name, runId, number });
    this.#links.add(link);
    const { channel } = context.client;
    if (channel.takeOver !== undefined) link.attach(channel.takeOver(link));
    this.#complaints.delete(name);
    // Who has come is there: the way to him need not wait for its next attempt.
    const back = this.#node.links[link.node];
    if (back?.isOpen === false) back.hurry();
  }
}
