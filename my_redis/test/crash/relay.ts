import type { MyRedisProcess } from "./my-redis-process.ts";

/** Items that move from one list to another, each taken by a client that waits for it. */
export class Relay {
  #sent = 0;
  readonly taken: string[] = [];

  async produce(server: MyRedisProcess): Promise<void> {
    const connection = await server.connect();
    for (;;) {
      const reply = await connection.reply("RPUSH", "queue", `item ${this.#sent + 1}`).catch(() => undefined);
      if (reply === undefined) return;
      this.#sent++;
    }
  }

  async consume(server: MyRedisProcess): Promise<void> {
    const connection = await server.connect();
    for (;;) {
      const reply = await connection.reply("BLMOVE", "queue", "taken", "LEFT", "RIGHT", 0).catch(() => undefined);
      if (typeof reply?.text !== "string") return;
      this.taken.push(reply.text);
    }
  }

  /** Every acknowledged item must be in one of the lists, exactly once, and the taken ones in the second list. */
  async differences(server: MyRedisProcess): Promise<string[]> {
    const connection = await server.connect();
    const [queue = [], taken = []] = (
      await connection.replies([
        ["LRANGE", "queue", 0, -1],
        ["LRANGE", "taken", 0, -1],
      ])
    ).map(({ items }) => (items ?? []).map(({ text }) => String(text)));
    connection.close();
    const found: string[] = [];
    const all = [...taken, ...queue];
    const expected = all.map((_, index) => `item ${index + 1}`);
    if (all.join() !== expected.join()) found.push("the items are not there once each, and in their order");
    if (all.length < this.#sent || all.length > this.#sent + 1)
      found.push(`${this.#sent} items were sent, ${all.length} are there`);
    // For each consumer one item may have been moved whose reply did not arrive.
    if (taken.length < this.taken.length) found.push(`${this.taken.length} items were taken, ${taken.length} are`);
    this.#sent = all.length;
    return found;
  }
}
