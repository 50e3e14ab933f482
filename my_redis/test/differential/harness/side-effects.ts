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

  private constructor(pair: ServerPair, compared: ReadonlySet<SideEffect>, listeners: Record<Side, RespConnection>) {
    this.#pair = pair;
    this.#compared = compared;
    this.#listeners = listeners;
  }

  /** Begins to observe both servers. `finish` must follow. */
  static async observe(pair: ServerPair, compared: readonly SideEffect[]): Promise<SideEffects> {
    const listeners = {
      MyRedis: await RespConnection.open(pair.ports.MyRedis, "MyRedis's events"),
      "redis-server": await RespConnection.open(pair.ports["redis-server"], "redis-server's events"),
    };
    for (const side of sides) {
      // Otherwise time would decide when a key counts as expired. It does when a command looks it up.
      await pair.control[side].reply("DEBUG", "SET-ACTIVE-EXPIRE", "0");
      await pair.control[side].reply("CONFIG", "SET", "notify-keyspace-events", "KA");
      await listeners[side].reply("PSUBSCRIBE", "__keyspace@*");
      await pair.control[side].reply("CONFIG", "RESETSTAT");
    }
    return new SideEffects(pair, new Set(compared), listeners);
  }

  /** Ends the observation, and describes the first difference. */
  async finish(): Promise<string | undefined> {
    const [ours, theirs] = [await this.#finishSide("MyRedis"), await this.#finishSide("redis-server")];
    return statisticsDifference(ours, theirs);
  }

  async #finishSide(side: Side): Promise<string[]> {
    const control = this.#pair.control[side];
    const lines: string[] = [];
    if (this.#compared.has("statistics")) lines.push(...(await statisticsText(control)));
    if (this.#compared.has("dirty")) {
      const { text } = await control.reply("INFO", "persistence");
      lines.push(/^rdb_changes_since_last_save:\d+/m.exec(text ?? "")?.[0] ?? "");
    }
    const events = await this.#events(side);
    if (this.#compared.has("notifications")) lines.push(`events: ${events.join(", ")}`);
    await control.reply("CONFIG", "SET", "notify-keyspace-events", "");
    await control.reply("DEBUG", "SET-ACTIVE-EXPIRE", "1");
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
    listener.close();
    return events;
  }
}
