import type { RequestCheck } from "../../dispatch/checks/request-check.ts";
import type { CommandFacts } from "../../dispatch/command-facts.ts";
import { keyPositions, mayHaveKeys } from "../../dispatch/command-keys.ts";
import type { Command, Context, Services } from "../../dispatch/context.ts";
import { HeldRequests } from "../../dispatch/held-requests.ts";
import { requestsOf } from "../../dispatch/requests-of.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import type { Address } from "../../memory/heap.ts";
import type { RecordIndex } from "../../memory/record-index.ts";
import type { Arguments } from "../../protocol/arguments.ts";

/** What takes large values in pieces: a snapshot, or a copy of slots. */
export interface TakesInPieces {
  /** Whether the value is still needed as it is. Then it is taken next. */
  takeNext(keys: RecordIndex, address: Address): boolean;
  /** Called when a large value has been taken that a client may wait for. */
  onTaken: () => void;
}

/**
 * While large values are taken in pieces in the background: a request that may change elements of one waits until it has
 * been taken; it is the next one, then. Requests of other clients go on. A transaction
 * waits as a whole when its EXEC arrives, and a script by the keys that it names.
 */
export class AwaitedValues {
  readonly #snapshot: TakesInPieces;
  readonly #server: Services;
  readonly #requests: HeldRequests;
  readonly #uninstall: () => void;
  #isReleasing = false;

  constructor(server: Services, snapshot: TakesInPieces) {
    this.#server = server;
    this.#snapshot = snapshot;
    this.#requests = new HeldRequests(server, { countsAsBlocked: true });
    this.#uninstall = server.checks.install(this.#check, "waiting");
    snapshot.onTaken = () => this.#releaseSoon();
  }

  /** Whether a request waits for a value. */
  get isAnyAwaited(): boolean {
    return this.#requests.count > 0;
  }

  /** The snapshot needs nothing more. */
  end(): void {
    this.#uninstall();
    this.#releaseSoon();
  }

  /** Not within a slice of the snapshot. A request whose other keys are still needed is held again. */
  #releaseSoon(): void {
    if (this.#requests.count === 0 || this.#isReleasing) return;
    this.#isReleasing = true;
    setImmediate(() => {
      this.#isReleasing = false;
      this.#requests.releaseAll();
    });
  }

  readonly #check: RequestCheck<"snapshot"> = {
    name: "snapshot",
    arriving: (context, command, args) => {
      const { client } = context;
      if (!client.isReal || !this.#mustWait(context, command, args)) return "run";
      // The replies of other nodes come first: the request is judged again after them.
      if (client.relaying?.holdUntilAnswered(args) === "held") return "held";
      return this.#requests.hold(context, args);
    },
  };

  #mustWait(context: Context, command: Command, args: Arguments): boolean {
    const { client } = context;
    if (client.transaction !== undefined && command.insideMulti === "queue") return false;
    let waits = false;
    for (const each of requestsOf(client, command, args)) {
      const changes = each.command.isWrite || each.command.mayReplicate?.(context, each.args) === true;
      const request = { database: client.database, ...each };
      if (changes && asksForKeys(this.#snapshot, this.#server.keyspace, request)) waits = true;
    }
    return waits;
  }
}

/** Whether values are still needed as they are of which this command may change elements. They are taken next. */
export function asksForKeys(
  snapshot: Pick<TakesInPieces, "takeNext">,
  keyspace: Keyspace,
  { args, command, database }: { readonly database: number; readonly command: CommandFacts; readonly args: Arguments },
): boolean {
  if (command.keepsElements === true || !mayHaveKeys(command)) return false;
  const { keys } = keyspace.database(database);
  let isAny = false;
  // All of them are asked for, so that the snapshot takes them one after the other.
  for (const index of keyPositions(command, args)) {
    const [start, end] = [args.start(index), args.end(index)];
    const address = keys.find(keyspace.hasher.hash(args.buffer, start, end), args.buffer, start, end);
    if (address !== 0 && snapshot.takeNext(keys, address)) isAny = true;
  }
  return isAny;
}
