import type { SeededRandom } from "../../../../tools/seeded-random.ts";
import { temporaryFolder, waitUntil } from "../../../../tools/test-services/index.ts";
import type { RingStatus } from "../../../src/cluster/failover/ring-status.ts";
import { type MyRedisProcess, startMyRedis } from "../../crash/my-redis-process.ts";
import type { RespConnection } from "../../differential/harness/resp-connection.ts";
import { freeNodePorts, type Places, portDirectives, type RingOfProcesses } from "../crash/ring-of-processes.ts";

export interface RingChangesOptions {
  readonly ring: RingOfProcesses;
  readonly random: SeededRandom;
  readonly directives: Readonly<Record<string, string>>;
  readonly placing: Places;
}

/** A place and its replica, which join and leave. */
export const spareNodes = 2;
/** A node that is frozen or cut off does not answer. */
const patienceMs = 1000;
const longestPauseMs = 1500;
const weights = [1, 1, 2, 4, 8];

/**
 * Changes a ring while clients use it and faults befall it: weights, so that slots move, what is under way is given up,
 * places are handed over, and a place with a replica comes and goes.
 */
export class RingChanges {
  readonly #options: RingChangesOptions;
  readonly #spare: readonly string[];
  readonly #processes: readonly MyRedisProcess[];
  /** How often each kind of change was begun, and how often it was refused or not answered. */
  readonly #counts = new Map<string, { begun: number; not: number }>();
  #isStopped = false;

  private constructor(
    options: RingChangesOptions,
    spare: { readonly names: readonly string[]; readonly processes: readonly MyRedisProcess[] },
  ) {
    this.#options = options;
    this.#spare = spare.names;
    this.#processes = spare.processes;
  }

  static async start(options: RingChangesOptions): Promise<RingChanges> {
    const { ring, directives, placing } = options;
    const ports = await freeNodePorts(spareNodes, directives);
    const first = ring.ports.length;
    const names = ports.links.map((port, spare) => `${placing.host(first + spare)}:${port}`);
    const processes = await Promise.all(
      names.map((self, spare) => {
        const own = { bind: placing.host(first + spare), ...portDirectives(ports, spare), self };
        const peers = ring.names[0] as string;
        return startMyRedis(
          temporaryFolder("spare-node"),
          { ...own, peers, ...directives },
          placing.enter(first + spare),
        );
      }),
    );
    return new RingChanges(options, { names, processes });
  }

  /** Asks for one change after the other, until `stop`. */
  async run(): Promise<void> {
    const { random, ring } = this.#options;
    while (!this.#isStopped) {
      const words = this.#anyChange();
      const reply = await this.#ask(random.below(ring.ports.length), words);
      this.#count(words, reply);
      await Bun.sleep(random.between(50, longestPauseMs));
    }
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Waits until nothing moves any more, joins or leaves. */
  async untilSettled(): Promise<void> {
    let last: RingStatus | undefined;
    const isSettled = async (): Promise<boolean> => {
      const reply = await this.#ask(0, ["CLUSTER", "RING", "STATUS"]);
      last = reply?.startsWith("{") === true ? (JSON.parse(reply) as { status: RingStatus }).status : undefined;
      return last?.isSettled === true;
    };
    await waitUntil(isSettled, { what: "a settled ring", timeoutMs: 60_000, intervalMs: 50 }).catch(
      (error: unknown) => {
        throw new Error(`the ring has not settled: ${JSON.stringify(last)}`, { cause: error });
      },
    );
  }

  async end(): Promise<void> {
    await Promise.all(this.#processes.map(({ process }) => process.stop()));
  }

  get report(): string {
    return [...this.#counts]
      .toSorted()
      .map(([what, { begun, not }]) => `${what} ${begun} begun and ${not} not`)
      .join(", ");
  }

  #anyChange(): readonly string[] {
    const { random, ring } = this.#options;
    const [place, replica] = this.#spare as [string, string];
    const places = ring.names.slice(0, ring.seatCount);
    const change = random.below(12);
    if (change < 5)
      return ["CLUSTER", "RING", "WEIGHTS", ...places.flatMap((name) => [name, `${random.pick(weights)}`])];
    if (change < 6) return ["CLUSTER", "RING", "CANCEL"];
    if (change < 8) return ["CLUSTER", "FAILOVER"];
    if (change < 10) return ["CLUSTER", "RING", "ADD", place, replica];
    return ["CLUSTER", "RING", "REMOVE", place];
  }

  /** The text of the answer, or nothing when there is none in time, or an error. */
  async #ask(node: number, words: readonly string[]): Promise<string | undefined> {
    let connection: RespConnection | undefined;
    const asked = (async () => {
      connection = await this.#options.ring.connect(node);
      const { sign, text } = await connection.reply(...words);
      return sign === "-" ? undefined : (text ?? "");
    })().catch(() => undefined);
    const answer = await Promise.race([asked, Bun.sleep(patienceMs)]);
    connection?.close();
    return answer ?? undefined;
  }

  #count(words: readonly string[], reply: string | undefined): void {
    const what = words.slice(1, words[1] === "RING" ? 3 : 2).join(" ");
    const counts = this.#counts.get(what) ?? { begun: 0, not: 0 };
    this.#counts.set(what, counts);
    if (reply === undefined || reply.includes('"refused"')) counts.not++;
    else counts.begun++;
  }
}
