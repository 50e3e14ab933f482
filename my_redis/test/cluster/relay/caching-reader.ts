import type { Reply } from "../../differential/harness/reply.ts";
import type { RespConnection, Word } from "../../differential/harness/resp-connection.ts";

/** How a reader is told of changes. */
export type ReaderKind = "default" | "opt-in" | "broadcast" | "redirected";

/** Stands in a cache for a value that is being read. */
const reading = Symbol("reading");

/** A client with a cache of what it has read: a value stays until the server says that it has changed. */
export class CachingReader {
  readonly cache = new Map<string, string | null | typeof reading>();
  readonly kind: ReaderKind;
  hits = 0;
  changes = 0;
  flushes = 0;
  readonly #connection: RespConnection;
  readonly #listener: RespConnection | undefined;

  private constructor(kind: ReaderKind, connection: RespConnection, listener: RespConnection | undefined) {
    this.kind = kind;
    this.#connection = connection;
    this.#listener = listener;
  }

  static async open(kind: ReaderKind, connect: () => Promise<RespConnection>): Promise<CachingReader> {
    const [connection, listener] = await Promise.all([connect(), kind === "redirected" ? connect() : undefined]);
    for (const each of [connection, listener]) await each?.reply("HELLO", 3);
    const reader = new CachingReader(kind, connection, listener);
    const id = listener === undefined ? undefined : Number((await listener.reply("CLIENT", "ID")).text);
    await reader.#ask("CLIENT", "TRACKING", "ON", ...optionsOf(kind, id));
    return reader;
  }

  /** Sends a command and takes what comes before its reply. */
  async #ask(...command: Word[]): Promise<Reply> {
    this.#connection.send(command);
    return this.#replyOf(this.#connection);
  }

  async #replyOf(connection: RespConnection): Promise<Reply> {
    for (;;) {
      const reply = await connection.next();
      if (reply.sign !== ">") return reply;
      this.#changed(reply);
    }
  }

  #changed({ items }: Reply): void {
    const keys = items?.[1]?.items;
    if (items?.[0]?.text !== "invalidate") throw new Error(`an unknown push: ${items?.[0]?.text}`);
    if (keys === undefined || keys === null) {
      this.flushes++;
      this.cache.clear();
    } else {
      this.changes += keys.length;
      for (const { text } of keys) this.cache.delete(text as string);
    }
  }

  /** Reads keys, from the cache where it has them all. */
  async read(keys: readonly string[]): Promise<void> {
    if (keys.every((key) => this.cache.has(key))) {
      this.hits++;
      return;
    }
    if (this.kind === "opt-in") await this.#ask("CLIENT", "CACHING", "YES");
    for (const key of keys) this.cache.set(key, reading);
    const reply = keys.length === 1 ? await this.#ask("GET", keys[0] as string) : await this.#ask("MGET", ...keys);
    await this.#hearAll();
    const values = keys.length === 1 ? [reply] : (reply.items ?? []);
    for (const [at, key] of keys.entries()) {
      const value = values[at];
      if (value === undefined || value.sign === "-") this.cache.delete(key);
      // With one connection the order says what is newer. With two, what has changed meanwhile is not kept.
      else if (this.kind !== "redirected" || this.cache.get(key) === reading) {
        this.cache.set(key, value.sign === "_" ? null : (value.text ?? null));
      }
    }
  }

  /** Waits until everything has come that the server has sent to the listener before. */
  async #hearAll(): Promise<void> {
    if (this.#listener === undefined) return;
    this.#listener.send(["PING"]);
    await this.#replyOf(this.#listener);
  }

  /**
   * Afterwards every change has been told that was made before. `keys`: one of each owner; its reply comes behind what its owner
   * has told. They must be served.
   */
  async settle(keys: readonly string[]): Promise<void> {
    // The reply comes when all nodes know of the client.
    if (this.kind === "broadcast") await this.#ask("CLIENT", "TRACKING", "ON", ...optionsOf(this.kind, undefined));
    for (const key of keys) {
      const reply = await this.#ask("GET", key);
      if (reply.sign === "-") throw new Error(`${key} is not served: ${reply.text}`);
    }
    await this.#hearAll();
  }

  /** Waits until all keys have changed, as far as the server knows. */
  async untilFlushed(): Promise<void> {
    while (this.flushes === 0) this.#changed(await this.#connection.next());
  }

  /** The values that it would still use. */
  get kept(): [key: string, value: string | null][] {
    return [...this.cache].flatMap(([key, value]) => (typeof value === "symbol" ? [] : [[key, value]]));
  }

  close(): void {
    this.#connection.close();
    this.#listener?.close();
  }
}

function optionsOf(kind: ReaderKind, listener: number | undefined): Word[] {
  if (kind === "opt-in") return ["OPTIN"];
  if (kind === "broadcast") return ["BCAST"];
  return listener === undefined ? ["NOLOOP"] : ["REDIRECT", listener];
}
