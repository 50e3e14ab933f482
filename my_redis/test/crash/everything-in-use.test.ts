import { expect, test } from "bun:test";
import { temporaryFolder } from "../../../tools/test-services/index.ts";
import { type MyRedisProcess, startMyRedis } from "./my-redis-process.ts";
import { StepWriter } from "./workload.ts";

const policies = ["always", "everysec", "no"];
const stepsPerLife = 400;

/** Items that move from one list to another, each taken by a client that waits for it. */
class Relay {
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

test("transactions, scripts, streams with groups, expiries and blocked clients survive kill -9, whole and as acknowledged", async () => {
  const folder = temporaryFolder("crash");
  const writers = Array.from({ length: 5 }, (_, number) => new StepWriter(`client:${number}`));
  const relay = new Relay();
  for (const [life, policy] of policies.entries()) {
    const server = await startMyRedis(folder, { appendfsync: policy });
    const clients = await Promise.all(writers.map(async (writer) => ({ writer, connection: await server.connect() })));
    if (life === 0) await Promise.all(clients.map(({ writer, connection }) => writer.begin(connection)));
    let steps = 0;
    const running = clients.map(({ writer, connection }) => writer.run(connection, () => void steps++));
    running.push(relay.produce(server), relay.consume(server), relay.consume(server));
    while (steps < stepsPerLife) await Bun.sleep(2);
    await server.process.kill("SIGKILL");
    await Promise.all(running);

    const restarted = await startMyRedis(folder);
    expect(restarted.process.stdout()).not.toContain("answered with an error");
    const reader = await restarted.connect();
    const found: string[] = [];
    for (const writer of writers) found.push(...(await writer.differences(reader)));
    expect(found).toEqual([]);
    expect(await relay.differences(restarted)).toEqual([]);
    reader.close();
    await restarted.process.kill("SIGKILL");
  }
  expect(relay.taken.length).toBeGreaterThan(0);
}, 60_000);
