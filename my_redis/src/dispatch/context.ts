import type { Arguments } from "../protocol/arguments.ts";
import type { Database } from "../keyspace/database.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Server } from "../server.ts";
import { ArgumentReplacements } from "./argument-replacements.ts";
import type { Client, TimeoutReply } from "./client.ts";
import type { Command } from "./command.ts";

/** One word of a command that goes to the log in place of what the client sent. */
export type LogWord = string | number | bigint | Uint8Array;

/** What a command gets besides its arguments: the client that asks, his database, and the server's services. */
export class Context {
  readonly server: Server;
  readonly client: Client;
  readonly keyspace: Keyspace;
  database: Database;
  /** The command that runs. */
  command: Command | undefined;
  /** Set while a blocked client's command is tried again: it must not be queued a second time. */
  retrying = false;
  /** What goes to the log instead of the request; an empty list for nothing. Cleared before each command. */
  logged: LogWord[][] | undefined;
  /** Arguments of the request that go to the log in another form. Cleared before each command. */
  readonly replaced = new ArgumentReplacements();

  constructor(server: Server, client: Client) {
    this.server = server;
    this.client = client;
    this.keyspace = server.keyspace;
    this.database = server.keyspace.database(client.database);
  }

  /** Now, Unix milliseconds; the same throughout one command. */
  get now(): number {
    return this.server.nowMs;
  }

  select(number: number): void {
    this.client.database = number;
    this.database = this.keyspace.database(number);
  }

  /** Whether anybody reads the log: without, `logAs` and what it needs can be left out. */
  get logs(): boolean {
    return this.server.log !== undefined;
  }

  /**
   * Logs these words instead of the request: for commands whose effect depends on the moment or on chance (a relative
   * expiry, a generated id). Called again, it adds a further command.
   */
  logAs(...words: LogWord[]): void {
    (this.logged ??= []).push(words);
  }

  /**
   * Logs the request with argument `index` changed to bytes[start, end), which are copied. Called again, in the order
   * of the indexes, it changes further ones. For hot commands: it needs no memory, as `logAs` does.
   */
  logReplacing(index: number, bytes: Uint8Array, start: number, end: number): void {
    this.replaced.add(index, bytes, start, end);
  }

  /** Logs nothing for this command, although it changed data (it has been logged by other means). */
  logNothing(): void {
    this.logged = [];
  }

  /**
   * What the command logged so far and what it logs from now on need not be applied together: keys that expired while
   * it walked the database. Transactions and scripts stay whole.
   */
  partLog(): void {
    const { log, executingTransaction } = this.server;
    if (log === undefined || executingTransaction) return;
    log.endUnit();
    log.beginUnit();
  }

  /** Whether the command may wait: not in a transaction or script. */
  get mayBlock(): boolean {
    const { kind } = this.client;
    return (kind === "normal" || kind === "relayed") && !this.server.executingTransaction;
  }

  /**
   * Makes the client wait until one of the keys (argument numbers) changes; then the command runs again from the
   * start. After `timeoutMs` (0: never) the given reply is sent. Where waiting is not allowed nothing is done, and the
   * caller writes it at once.
   */
  blockOn(
    args: Arguments,
    keys: readonly number[],
    options: { readonly timeoutMs: number; readonly timeoutReply: TimeoutReply },
  ): "blocked" | "refused" {
    if (this.retrying) return "blocked";
    if (!this.mayBlock) return "refused";
    this.server.blocking.block(this, args, keys, options);
    return "blocked";
  }
}
