import { type Reply, showReply } from "../differential/harness/reply.ts";
import type { RespConnection, Word } from "../differential/harness/resp-connection.ts";
import type { SeededRandom } from "../../../tools/seeded-random.ts";

/** Not one of the fuzzer's databases. */
export const witnessDatabase = 937;

/** A client that knows every reply in advance: the other clients must not affect it. */
export class Witness {
  #count = 0;
  rounds = 0;
  readonly #connection: RespConnection;
  readonly #random: SeededRandom;

  constructor(connection: RespConnection, random: SeededRandom) {
    this.#connection = connection;
    this.#random = random;
  }

  async begin(): Promise<void> {
    await this.#expect([[["SELECT", witnessDatabase], "+OK"]]);
  }

  /** Sends one pipeline and compares every reply. Throws with the difference. */
  async round(): Promise<void> {
    this.#count++;
    this.rounds++;
    const payload = Buffer.from(
      this.#random.bytes(this.#random.below(this.#random.oneIn(20) ? 200_000 : 300)),
    ).toString("base64");
    const bulk = `$${JSON.stringify(payload)}`;
    await this.#expect([
      [["INCR", "count"], `:${this.#count}`],
      [["SET", "payload", payload], "+OK"],
      [["ECHO", payload], bulk],
      [["MULTI"], "+OK"],
      [["HSET", "hash", "field", payload], "+QUEUED"],
      [["GET", "payload"], "+QUEUED"],
      [["EXEC"], `*[:${this.#count === 1 ? 1 : 0} ${bulk}]`],
      [["EVAL", "return {ARGV[1], redis.call('GET', KEYS[1])}", 1, "count", payload], `*[${bulk} $"${this.#count}"]`],
      [["HGET", "hash", "field"], bulk],
      [["GET", "absent"], "$nil"],
    ]);
  }

  async #expect(exchange: readonly (readonly [Word[], string])[]): Promise<void> {
    const replies = await this.#connection.replies(exchange.map(([command]) => command));
    for (const [index, [command, expected]] of exchange.entries()) {
      const shown = showReply(replies[index] as Reply);
      if (shown !== expected) {
        throw new Error(
          `the witness asked ${String(command[0])}, expected ${expected.slice(0, 200)}, got ${shown.slice(0, 200)}`,
        );
      }
    }
  }
}
