import { showReply } from "./reply.ts";
import { RespConnection } from "./resp-connection.ts";
import { type ServerPair, type Side, sides } from "./start-pair.ts";
import { statisticsDifference, statisticsText } from "./statistics-text.ts";

/** What is compared besides the replies. */
export type SideEffect = "statistics" | "notifications" | "dirty";

/** Observes what a sequence does besides its replies: what INFO counts, and the keyspace events in their order. */
export class SideEffects {
  readonly #pair: ServerPair;
  readonly #compared: ReadonlySet<SideEffect>;
  readonly #listeners: Readonly<Record<Side, RespConnection>>;
  readonly #dirtyBefore: Record<Side, number> = { MyRedis: 0, "redis-server": 0 };

  private constructor(pair: ServerPair, compared: ReadonlySet<SideEffect>, listeners: Record<Side, RespConnection>) {
    this.#pair = pair;
    this.#compared = compared;
    this.#listeners = listeners;
  }

  /** Begins to observe both servers. `close` must follow. */
  static async observe(pair: ServerPair, compared: readonly SideEffect[]): Promise<SideEffects> {
    const listeners = {
      MyRedis: await RespConnection.open(pair.ports.MyRedis, "MyRedis's events"),
      "redis-server": await RespConnection.open(pair.ports["redis-server"], "redis-server's events"),
    };
    for (const side of sides) {
      // Otherwise time would decide when a key counts as expired. It does when a command looks it up.
      await pair.control[side].reply("DEBUG", "SET-ACTIVE-EXPIRE", "0");
      // All events, those of missing and of new keys included.
      await pair.control[side].reply("CONFIG", "SET", "notify-keyspace-events", "KAmn");
      await listeners[side].reply("PSUBSCRIBE", "__keyspace@*");
    }
    const effects = new SideEffects(pair, new Set(compared), listeners);
    await effects.begin();
    return effects;
  }

  /** Forgets what was counted so far. */
  async begin(): Promise<void> {
    for (const side of sides) {
      await this.#pair.control[side].reply("CONFIG", "RESETSTAT");
      this.#dirtyBefore[side] = await this.#dirty(side);
      await this.#events(side);
    }
  }

  /** The first difference in what was counted since `begin`. */
  async difference(): Promise<string | undefined> {
    const [ours, theirs] = [await this.#lines("MyRedis"), await this.#lines("redis-server")];
    return statisticsDifference(ours, theirs);
  }

  /** Ends the observation. */
  async close(): Promise<void> {
    for (const side of sides) {
      this.#listeners[side].close();
      await this.#pair.control[side].reply("CONFIG", "SET", "notify-keyspace-events", "");
      await this.#pair.control[side].reply("DEBUG", "SET-ACTIVE-EXPIRE", "1");
    }
  }

  async #dirty(side: Side): Promise<number> {
    const { text } = await this.#pair.control[side].reply("INFO", "persistence");
    return Number(/^rdb_changes_since_last_save:(\d+)/m.exec(text ?? "")?.[1]);
  }

  async #lines(side: Side): Promise<string[]> {
    const lines: string[] = [];
    if (this.#compared.has("statistics")) lines.push(...(await statisticsText(this.#pair.control[side])));
    if (this.#compared.has("dirty")) lines.push(`changes: ${(await this.#dirty(side)) - this.#dirtyBefore[side]}`);
    const events = await this.#events(side);
    if (this.#compared.has("notifications")) lines.push(`events: ${events.join(", ")}`);
    return lines;
  }

  /** The events that have arrived, up to a message of our own. */
  async #events(side: Side): Promise<string[]> {
    const listener = this.#listeners[side];
    await this.#pair.control[side].reply("PUBLISH", "__keyspace@end", "end");
    const events: string[] = [];
    for (;;) {
      const shown = showReply(await listener.next());
      if (shown.includes("__keyspace@end")) break;
      events.push(shown.replaceAll("\r\n", " "));
    }
    return events;
  }
}
