import { SeededRandom } from "../../../../tools/seeded-random.ts";
import { datasetDifference, emptyBoth } from "../harness/dataset.ts";
import { showCommand } from "../harness/resp-connection.ts";
import { SideEffects } from "../harness/side-effects.ts";
import { type StartedPair, startPair } from "../harness/start-pair.ts";
import { answersDifference } from "./answers-difference.ts";
import { FuzzClients } from "./fuzz-clients.ts";
import { fuzzedDatabases, type FuzzStep, StepGenerator } from "./generated-steps.ts";

/** A sequence is run at most this many times to make it smaller. */
const maxShrinkRuns = 400;

export interface FuzzFailure {
  readonly difference: string;
  /** The smallest sequence that was found to differ. */
  readonly steps: readonly FuzzStep[];
  /** Whether it differed again when it was run again. If not, the machine may have been slow, and a key expired early. */
  readonly repeats: boolean;
}

/** Runs generated sequences of requests on MyRedis and on a redis-server, and compares all that can be seen. */
export class FuzzPair {
  /** Requests that were compared, those that made a sequence smaller included. */
  requests = 0;
  readonly #pair: StartedPair;
  readonly #ours: FuzzClients;
  readonly #theirs: FuzzClients;
  readonly #effects: SideEffects;

  private constructor(pair: StartedPair, ours: FuzzClients, theirs: FuzzClients, effects: SideEffects) {
    this.#pair = pair;
    this.#ours = ours;
    this.#theirs = theirs;
    this.#effects = effects;
  }

  static async start(): Promise<FuzzPair> {
    const pair = await startPair({ flags: { "enable-debug-command": "yes" } });
    const effects = await SideEffects.observe(pair, ["statistics", "notifications", "dirty"]);
    const [ours, theirs] = [await FuzzClients.open(pair, "MyRedis"), await FuzzClients.open(pair, "redis-server")];
    return new FuzzPair(pair, ours, theirs, effects);
  }

  /** Runs the sequence of a seed; undefined when both servers did the same. */
  async runSeed(seed: number): Promise<FuzzFailure | undefined> {
    const protocol = seed % 2 === 0 ? 2 : 3;
    let steps: FuzzStep[] = new StepGenerator(new SeededRandom(seed)).generate();
    const first = await this.#run(steps, protocol);
    if (first === undefined) return undefined;
    let difference = await this.#run(steps, protocol);
    if (difference === undefined) return { difference: first, steps, repeats: false };
    let runs = 0;
    for (let size = steps.length >> 1; size > 0 && runs < maxShrinkRuns; size >>= 1) {
      for (let at = steps.length - size; at >= 0 && runs < maxShrinkRuns; at -= size) {
        const fewer = steps.toSpliced(at, size);
        runs++;
        const found = await this.#run(fewer, protocol);
        if (found === undefined) continue;
        steps = fewer;
        difference = found;
      }
    }
    return { difference, steps, repeats: true };
  }

  /** The first difference between the two servers. */
  async #run(steps: readonly FuzzStep[], protocol: 2 | 3): Promise<string | undefined> {
    this.requests += steps.length;
    await Promise.all([this.#ours.reset(protocol), this.#theirs.reset(protocol)]);
    await emptyBoth(this.#pair);
    await this.#effects.begin();
    const [ours, theirs] = await Promise.all([this.#ours.run(steps), this.#theirs.run(steps)]);
    const effects = await this.#effects.difference();
    return answersDifference(ours, theirs) ?? effects ?? (await datasetDifference(this.#pair, fuzzedDatabases));
  }

  async close(): Promise<void> {
    this.#ours.close();
    this.#theirs.close();
    await this.#effects.close();
    await this.#pair.close();
  }
}

/** A sequence in readable form, a line for each step. */
export const showSteps = (steps: readonly FuzzStep[]): string =>
  steps
    .flatMap(({ client, requests, lapses }) => [
      ...requests.map((words) => `  client ${client}: ${showCommand(words)}`),
      ...(lapses ? ["  (wait)"] : []),
    ])
    .join("\n");
