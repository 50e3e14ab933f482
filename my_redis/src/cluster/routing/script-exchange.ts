import type { Services } from "../../dispatch/context.ts";
import type { QueuedCommand } from "../../dispatch/client.ts";
import type { Command } from "../../dispatch/command.ts";
import { Arguments } from "../../protocol/arguments.ts";
import type { ScriptEngine } from "../../scripting/script-engine.ts";
import type { ClusterView } from "../cluster-view.ts";
import { type PeerChannel, peerRequestKinds } from "../peer-channel.ts";
import { requestBytes } from "./transaction-request.ts";

const digestLength = 40;
/** How many scripts are remembered as known to a node. */
const maxRemembered = 10_000;
const noScript = Buffer.from("-NOSCRIPT ", "latin1");
const emptyBytes = new Uint8Array(0);

/**
 * Every node finds a script that one node has seen. A node that does not know a script asks the others. When a node
 * answers a relayed EVALSHA with NOSCRIPT, it is sent EVAL.
 */
export class ScriptExchange {
  readonly #server: Services;
  readonly #channel: PeerChannel;
  readonly #view: ClusterView;
  /** For each node, the digests of scripts that it has run. */
  readonly #known = new Map<number, Set<string>>();

  constructor(server: Services, channel: PeerChannel, view: ClusterView) {
    this.#server = server;
    this.#channel = channel;
    this.#view = view;
    channel.onRequest(peerRequestKinds.findScript, ({ payload, answer }) => {
      answer(this.#engine.find(payload, 0, payload.length)?.body ?? emptyBytes);
    });
  }

  get #engine(): ScriptEngine {
    return this.#server.scripts.engine;
  }

  /** Whether a request names a script that this node does not know. */
  isUnknown(command: Command, args: Arguments): boolean {
    if (command.script !== "digest" || args.length(1) !== digestLength) return false;
    return this.#engine.find(args.buffer, args.start(1), args.end(1)) === undefined;
  }

  /** Looks for a script at all other nodes; then this node has it, or no node that answers does. */
  find(sha1: string, done: () => void): void {
    const payload = Buffer.from(sha1, "latin1");
    let left = this.#view.nodes.length - 1;
    let over = false;
    const finish = (): void => {
      if (over) return;
      over = true;
      done();
    };
    if (left === 0) queueMicrotask(finish);
    for (const node of this.#view.nodes) {
      if (node === this.#view.self) continue;
      this.#channel.request(node, peerRequestKinds.findScript, payload, (body) => {
        left--;
        if (body !== undefined && body.length > 0) this.#keep(body);
        if (left === 0 || (body !== undefined && body.length > 0)) finish();
      });
    }
  }

  #keep(body: Uint8Array): void {
    try {
      this.#engine.load(new Uint8Array(body));
    } catch {
      // A script that does not compile: the node that runs it reports the error to the client.
    }
  }

  /**
   * Called before a script is relayed. Gives what to do with its reply; `send` sends the node another request instead.
   * Undefined when the reply goes to the client in any case.
   */
  prepare(
    command: Command,
    args: Arguments,
    node: number,
    send: (bytes: Uint8Array) => void,
  ): ((bytes: Uint8Array, start: number, end: number) => boolean) | undefined {
    if (command.script !== "digest") {
      if (command.script === "text") this.#keep(args.view(1));
      return undefined;
    }
    const sha1 = args.latin1(1).toLowerCase();
    if (this.#knownOf(node).has(sha1)) return undefined;
    const request = args.copy();
    return (bytes, start) => {
      const script = this.#engine.find(request.buffer, request.start(1), request.end(1));
      const missing = noScript.every((byte, at) => bytes[start + at] === byte);
      if (!missing || script === undefined) {
        if (!missing) this.#remember(node, sha1);
        return false;
      }
      send(evalOf(command, request, script.body));
      return true;
    };
  }

  #knownOf(node: number): Set<string> {
    let known = this.#known.get(node);
    if (known === undefined) this.#known.set(node, (known = new Set()));
    return known;
  }

  #remember(node: number, sha1: string): void {
    const known = this.#knownOf(node);
    if (known.size >= maxRemembered) known.clear();
    known.add(sha1);
  }

  /** A node was lost, or scripts were flushed: the node may not know its scripts any more. */
  forget(node?: number): void {
    if (node === undefined) this.#known.clear();
    else this.#known.delete(node);
  }

  /** The bodies of the scripts that a transaction calls by digest; they are sent before it. */
  bodiesFor(queued: readonly QueuedCommand[]): Uint8Array[] {
    const bodies = new Set<Uint8Array>();
    for (const { command, args } of queued) {
      if (command.script !== "digest") continue;
      const script = this.#engine.find(args.buffer, args.start(1), args.end(1));
      if (script !== undefined) bodies.add(script.body);
    }
    return [...bodies];
  }
}

/** The EVAL that does the same as an EVALSHA. */
function evalOf({ flagSet }: Command, request: Arguments, body: Uint8Array): Uint8Array {
  const words = Array.from({ length: request.count }, (_, index) => request.view(index));
  const name = flagSet.has("readonly") ? "EVAL_RO" : "EVAL";
  return requestBytes(Arguments.from([name, body, ...words.slice(2)]));
}
