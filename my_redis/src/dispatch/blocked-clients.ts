import type { Arguments } from "../protocol/arguments.ts";
import type { BlockOptions, Client } from "./client.ts";
import type { CommandFacts } from "./command-facts.ts";

/** The context of a client that may wait. */
export interface Waiter<Entry> {
  readonly client: Client<Entry>;
  /** The command that runs. */
  readonly command: Entry | undefined;
  /** Now, by the monotonic clock. */
  readonly monotonicMs: number;
}

/** How a client's command is run again, and how the client is answered, out of turn. */
export interface BlockedRunner<Context> {
  /** Runs the command; true when it got its reply, false when it must wait further. */
  retry(context: Context): boolean;
  /** Whether the key exists. Looking it up changes nothing: no access time, no statistics, no deletion. */
  exists(context: Context, database: number, key: string): boolean;
  replyTimeout(context: Context): void;
  /** Answers as after the timeout, or with an error. */
  unblock(context: Context, how: "timeout" | "error"): void;
}

/**
 * Clients that wait for keys (BLPOP, XREAD BLOCK ...). Clients are served in the order in which they began to wait, and
 * keys in the order in which they became ready. Serving happens after the end of the command, transaction or script
 * that made the keys ready.
 */
export class BlockedClients<Context extends Waiter<CommandFacts>> {
  readonly #waiting = new Map<string, Context[]>();
  readonly #blocked = new Set<Context>();
  #ready = new Set<string>();
  readonly #runner: BlockedRunner<Context>;
  readonly #onCount: () => void;
  readonly #mayServe: () => boolean;
  #onDeadline: (deadlineMs: number) => void = () => {};
  /** Asked before a client's command is run again. */
  #mustWaitOn: ((context: Context) => boolean) | undefined;

  /**
   * `onCount` is called when the number of waiting clients changes. While `mayServe` returns false no client is served,
   * because nobody may see the writes of a script before the script has ended.
   */
  constructor(runner: BlockedRunner<Context>, onCount: () => void, mayServe: () => boolean) {
    this.#runner = runner;
    this.#onCount = onCount;
    this.#mayServe = mayServe;
  }

  /**
   * Calls `listener` with the moment of the timeout, by the monotonic clock, whenever a client begins to wait with one. Call the result to stop.
   */
  watchDeadlines(listener: (deadlineMs: number) => void): () => void {
    this.#onDeadline = listener;
    return () => {
      this.#onDeadline = () => {};
    };
  }

  /**
   * Asks `mustWaitOn` before a client's command is run again, even if one of its keys has changed: another of its keys
   * may be locked. Call the result to stop.
   */
  holdBack(mustWaitOn: (context: Context) => boolean): () => void {
    this.#mustWaitOn = mustWaitOn;
    return () => {
      this.#mustWaitOn = undefined;
    };
  }

  get count(): number {
    return this.#blocked.size;
  }

  /** Clients that wait with a timeout. */
  get timedCount(): number {
    let count = 0;
    for (const { client } of this.#blocked) if (Number.isFinite(client.blocked?.deadlineMs)) count++;
    return count;
  }

  get keyCount(): number {
    return this.#waiting.size;
  }

  /** Keys for which clients wait that are answered, too, when the key is gone. */
  get keyCountUntilGone(): number {
    let count = 0;
    for (const waiting of this.#waiting.values()) {
      if (waiting.some(({ client }) => client.blocked?.untilGone === true)) count++;
    }
    return count;
  }

  block(context: Context, args: Arguments, keys: readonly number[], options: BlockOptions): void {
    const database = context.client.database;
    const names = [...new Set(keys.map((index) => args.latin1(index)))];
    context.client.blocked = {
      command: context.command as CommandFacts,
      args: args.copy(),
      database,
      keys: names,
      deadlineMs: options.timeoutMs === 0 ? Number.POSITIVE_INFINITY : context.monotonicMs + options.timeoutMs,
      timeoutReply: options.timeoutReply,
      untilGone: options.untilGone === true,
    };
    this.#blocked.add(context);
    for (const name of names) {
      const waiting = this.#waiting.get(placeOf(database, name));
      if (waiting === undefined) this.#waiting.set(placeOf(database, name), [context]);
      else waiting.push(context);
    }
    context.client.channel.pause();
    this.#onCount();
    this.#onDeadline(context.client.blocked.deadlineMs);
  }

  /** A key changed: the clients that wait for it are served by the next `serve`. */
  keyChanged(database: number, key: string): void {
    const place = placeOf(database, key);
    if (this.#waiting.has(place)) this.#ready.add(place);
  }

  /** Any key of the database may have changed. */
  databaseChanged(database: number): void {
    for (const place of this.#waiting.keys()) {
      if (place.startsWith(`${database}:`)) this.#ready.add(place);
    }
  }

  get hasReady(): boolean {
    return this.#ready.size > 0;
  }

  /**
   * Runs the commands of clients whose keys became ready. Serving one client may make further keys ready; they are
   * handled as well.
   */
  serve(): void {
    while (this.#ready.size > 0 && this.#mayServe()) {
      const ready = this.#ready;
      this.#ready = new Set();
      for (const place of ready) this.#serveKey(place);
    }
  }

  #serveKey(place: string): void {
    const separator = place.indexOf(":");
    const database = Number(place.slice(0, separator));
    const key = place.slice(separator + 1);
    let gone = false;
    // A copy, because served clients leave the list and may join it again at its end.
    for (const context of [...(this.#waiting.get(place) ?? [])]) {
      const { blocked } = context.client;
      // When thousands of clients wait for an element, the first takes it and the others need not try. Clients that
      // wait on a stream do try, because the deletion of the stream is an answer for them.
      if (blocked === undefined || (gone && blocked.command.group !== "stream")) continue;
      const { channel } = context.client;
      if (channel.hasEnded()) {
        // It would take the element with it. What was answered before it began to wait is sent all the same.
        channel.closeAfterReplies();
        continue;
      }
      if (this.#mustWaitOn?.(context) !== true && this.#runner.retry(context)) this.#release(context);
      else gone = gone || !this.#runner.exists(context, database, key);
    }
  }

  /** Answers the clients whose timeout has passed, in the order of their timeouts. */
  expire(monotonicMs: number): void {
    const deadlineOf = ({ client }: Context): number => client.blocked?.deadlineMs ?? Number.POSITIVE_INFINITY;
    const late = [...this.#blocked].filter((context) => deadlineOf(context) <= monotonicMs);
    for (const context of late.sort((one, other) => deadlineOf(one) - deadlineOf(other))) {
      // Answering one client may have released another one's request, which may have disconnected this client.
      if (deadlineOf(context) > monotonicMs) continue;
      this.#runner.replyTimeout(context);
      this.#release(context);
    }
  }

  /** The earliest timeout, by the monotonic clock; Infinity when no client waits with one. */
  get nextDeadlineMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const context of this.#blocked) next = Math.min(next, context.client.blocked?.deadlineMs ?? next);
    return next;
  }

  /** CLIENT UNBLOCK: answers the client as after its timeout, or with an error. False when the client does not wait. */
  unblock(client: Client, how: "timeout" | "error"): boolean {
    for (const context of this.#blocked) {
      if (context.client !== client) continue;
      this.#runner.unblock(context, how);
      this.#release(context);
      return true;
    }
    return false;
  }

  /** Runs the commands of these clients again, because of something else than a key. */
  tryAgain(isMeant: (client: Client) => boolean): void {
    for (const context of [...this.#blocked]) {
      // Answering one client may have disconnected another one.
      if (context.client.blocked === undefined || !isMeant(context.client)) continue;
      if (this.#runner.retry(context)) this.#release(context);
    }
  }

  /** Ends the waits of some clients. `answered` answers such a client, and is false for others. */
  end(answered: (context: Context, keys: readonly string[]) => boolean): void {
    for (const context of [...this.#blocked]) {
      const { blocked } = context.client;
      if (blocked !== undefined && answered(context, blocked.keys)) this.#release(context);
    }
  }

  /** The client has disconnected. */
  forget(context: Context): void {
    this.#remove(context);
  }

  #release(context: Context): void {
    this.#remove(context);
    context.client.channel.resume();
  }

  #remove(context: Context): void {
    const blocked = context.client.blocked;
    if (blocked === undefined) return;
    context.client.blocked = undefined;
    this.#blocked.delete(context);
    for (const name of blocked.keys) {
      const place = placeOf(blocked.database, name);
      const waiting = this.#waiting.get(place);
      if (waiting === undefined) continue;
      waiting.splice(waiting.indexOf(context), 1);
      if (waiting.length === 0) this.#waiting.delete(place);
    }
    this.#onCount();
  }
}

const placeOf = (database: number, key: string): string => `${database}:${key}`;
