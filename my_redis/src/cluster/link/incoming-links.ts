import type { Encrypted } from "../../dispatch/client-channel.ts";
import type { Context, Services } from "../../dispatch/context.ts";
import { command } from "../../dispatch/command.ts";
import type { NetworkServer } from "../../network/network-server.ts";
import type { Turn } from "../../network/turn.ts";
import { CommandError } from "../../protocol/command-error.ts";
import type { Members } from "../members.ts";
import { IncomingLink, type IncomingLinkOwner } from "./incoming-link.ts";
import type { Introductions } from "./introductions.ts";
import type { LinkClock } from "./link-clock.ts";
import type { LinkEvents } from "./link-events.ts";
import { linkCommand, type LinkGreeting, linkReply, type LinkWelcome, readGreeting } from "./link-greeting.ts";
import type { OutgoingLink } from "./outgoing-link.ts";

export interface IncomingLinksParts {
  readonly server: Services;
  readonly network: NetworkServer;
  readonly turn: Turn;
  readonly members: Members;
  readonly clock: LinkClock;
  readonly events: LinkEvents;
  readonly introductions: Introductions;
  /** The links to the other nodes, by number. */
  readonly outgoing: readonly (OutgoingLink | undefined)[];
}

type TakeOver = NonNullable<Context["client"]["channel"]["takeOver"]>;

const uncertified = "tls-cluster is on, and it has not shown a valid certificate over TLS";
/** At most so many names of refused nodes are remembered. */
const maxComplaints = 1000;

/** The links that other nodes have opened to this one. */
export class IncomingLinks implements IncomingLinkOwner {
  readonly #parts: IncomingLinksParts;
  readonly #links = new Set<IncomingLink>();
  /** The last reported refusal of each node, so that it is not reported at each attempt. */
  readonly #complaints = new Map<string, string>();
  #isDirty = false;

  constructor(parts: IncomingLinksParts) {
    this.#parts = parts;
    parts.server.commands.addHidden(this.#command());
  }

  get links(): ReadonlySet<IncomingLink> {
    return this.#links;
  }

  dirty(): void {
    if (this.#isDirty) return;
    this.#isDirty = true;
    // Within a turn this does nothing: the turn ends later, once for all. Outside of it, a turn begins and ends here.
    this.#parts.turn.finish();
  }

  /** Sends what the turn has brought. */
  flush(): void {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    for (const link of this.#links) link.flush();
  }

  tick(): void {
    for (const link of [...this.#links]) {
      // Its own link ends somewhat later: until then it is told that it has left.
      if (this.#parts.members.nodes.includes(link.node)) link.tick();
      else link.end("it is no member any more");
    }
  }

  /** Accepts nothing more from the other nodes. What has been carried out for them is still answered. */
  stopListening(): void {
    for (const link of this.#links) link.stopListening();
  }

  /** The session of another node's client. */
  session(node: number, client: number): Context | undefined {
    for (const link of this.#links) {
      if (link.node === node) return link.session(client)?.context;
    }
    return undefined;
  }

  /** As `session`; one is opened for a client that has none. Undefined when its node has no link. */
  openSession(node: number, client: number): Context | undefined {
    for (const link of this.#links) {
      if (link.node === node) return link.openSession(client).context;
    }
    return undefined;
  }

  closed(link: IncomingLink, reason: string): void {
    if (!this.#links.delete(link)) return;
    this.#parts.server.environment.report("notice", `the link from node ${link.name} has ended: ${reason}`);
  }

  /** The command by which a connection becomes a link. */
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
        const { channel } = context.client;
        if (greeting === undefined || channel.takeOver === undefined)
          throw new CommandError("ERR this is not a valid greeting of a node");
        const refusal = this.#refusalOf(greeting, channel.encrypted);
        const { introductions } = this.#parts;
        const isRefused = refusal !== undefined && refusal !== uncertified;
        const left = isRefused ? introductions.tableWithout(greeting) : undefined;
        const welcome: LinkWelcome = { ...introductions.own(), refusal: refusal ?? "", ...(left && { left }) };
        // One character per byte, as a line of text is written.
        reply.simple(linkReply + Buffer.from(JSON.stringify(welcome), "utf8").toString("latin1"));
        if (refusal === undefined) this.#open(context, greeting, channel.takeOver.bind(channel));
        else channel.closeAfterReplies();
      },
    });
  }

  #refusalOf(greeting: LinkGreeting, encrypted: Encrypted): string | undefined {
    const { introductions, server } = this.#parts;
    const own = introductions.name;
    // Before anything that it says is believed.
    const isTrusted = encrypted === "certified" || !server.settings.values["tls-cluster"];
    const refusal =
      (isTrusted ? introductions.meet(greeting) : uncertified) ??
      (greeting.to === own ? undefined : `this is ${own}, and not ${greeting.to}`);
    if (refusal !== undefined && this.#complaints.get(greeting.name) !== refusal) {
      if (this.#complaints.size > maxComplaints) this.#complaints.clear();
      this.#complaints.set(greeting.name, refusal);
      server.environment.report("warning", `node ${greeting.name} wants a link and gets none: ${refusal}`);
    }
    if (refusal !== undefined) return refusal;
    for (const { name, runId, number } of this.#links) {
      if (name === greeting.name && runId === greeting.runId && number > greeting.number)
        return "there is a newer link";
    }
    return undefined;
  }

  /** Requests that came over an older link of the same node, and have not been carried out yet, never will be. */
  #open(context: Context, { name, runId, number }: LinkGreeting, takeOver: TakeOver): void {
    for (const link of [...this.#links]) if (link.name === name) link.end("there is a newer one");
    const { server, members, clock, events, network, turn, outgoing } = this.#parts;
    server.clients.remove(context);
    const node = members.names.indexOf(name);
    const origin = { node, name, runId, number };
    this.#links.add(new IncomingLink({ owner: this, clock, events, network, turn }, origin, takeOver));
    this.#complaints.delete(name);
    // The other node is there, so the link to it need not wait for its next attempt.
    outgoing[node]?.hurry();
  }
}
