import { cpSync } from "node:fs";
import { join } from "node:path";
import { startRedisServer, temporaryFolder } from "../../../tools/test-services/index.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";
import type { SeededRandom } from "../../../tools/seeded-random.ts";
import { type MyRedisProcess, startMyRedis } from "./my-redis-process.ts";
import { Relay } from "./relay.ts";
import { StepWriter } from "./workload.ts";

const policies = ["always", "everysec", "no"] as const;
/** Steps until a kill: from the first number up to the sum of both. */
const fewestSteps = 20;
const moreSteps = 300;
const disturbances = ["BGREWRITEAOF", "BGSAVE", undefined] as const;

export interface CrashRoundOptions {
  readonly random: SeededRandom;
  readonly policy?: (typeof policies)[number];
  /** Whether redis-server must load the same data from the log. */
  readonly comparesWithRedis: boolean;
}

/**
 * A data folder whose server is killed again and again while transactions, scripts, streams with groups, expiries,
 * blocked clients, rewrites and snapshots are at work.
 */
export class CrashRounds {
  readonly #folder = temporaryFolder("crash");
  readonly #writers = Array.from({ length: 5 }, (_, number) => new StepWriter(`client:${number}`));
  readonly #relay = new Relay();
  /** The server that has loaded what the last round left; the next round kills it. */
  #server: MyRedisProcess | undefined;

  /** Items that were taken by clients that wait for them, so far. */
  get taken(): number {
    return this.#relay.taken.length;
  }

  /** Runs a server under load, kills it, and returns how the data differ from what was acknowledged. */
  async run({ random, policy = random.pick(policies), comparesWithRedis }: CrashRoundOptions): Promise<string[]> {
    const server = this.#server ?? (await this.#begin());
    await this.#runUntilKilled(server, { random, policy });
    const copy = comparesWithRedis ? copyOfLog(this.#folder) : undefined;

    const restarted = await this.#start();
    const found: string[] = [];
    if (restarted.process.stdout().includes("answered with an error")) found.push(restarted.process.stdout());
    const reader = await restarted.connect();
    for (const writer of this.#writers) found.push(...(await writer.differences(reader)));
    found.push(...(await this.#relay.differences(restarted)));
    if (copy !== undefined) found.push(...(await differencesToRedis(reader, copy)));
    reader.close();
    return found;
  }

  /** Kills the server that is left after the last round. */
  async end(): Promise<void> {
    await this.#server?.process.kill("SIGKILL");
  }

  async #start(): Promise<MyRedisProcess> {
    const directives = { "auto-aof-rewrite-percentage": "0", "enable-debug-command": "yes" };
    this.#server = await startMyRedis(this.#folder, directives);
    return this.#server;
  }

  async #begin(): Promise<MyRedisProcess> {
    const server = await this.#start();
    const connection = await server.connect();
    for (const writer of this.#writers) await writer.begin(connection);
    connection.close();
    return server;
  }

  async #runUntilKilled(
    server: MyRedisProcess,
    { random, policy }: Required<Pick<CrashRoundOptions, "random" | "policy">>,
  ): Promise<void> {
    const clients = await Promise.all(
      this.#writers.map(async (writer) => ({ writer, connection: await server.connect() })),
    );
    await clients[0]?.connection.reply("CONFIG", "SET", "appendfsync", policy);
    const enough = fewestSteps + random.below(moreSteps);
    const disturbAt = random.below(enough);
    const disturbance = random.pick(disturbances);
    let steps = 0;
    let disturbed: Promise<unknown> = Promise.resolve();
    const running = clients.map(({ writer, connection }) =>
      writer.run(connection, () => {
        if (++steps === disturbAt && disturbance !== undefined) disturbed = disturb(server, disturbance);
      }),
    );
    running.push(this.#relay.produce(server), this.#relay.consume(server), this.#relay.consume(server));
    while (steps < enough) await Bun.sleep(1);
    await server.process.kill("SIGKILL");
    await Promise.all([...running, disturbed]);
  }
}

function copyOfLog(folder: string): string {
  const copy = temporaryFolder("crash");
  cpSync(join(folder, "appendonlydir"), join(copy, "appendonlydir"), { recursive: true });
  return copy;
}

/** The kill may come before the reply. */
async function disturb(server: MyRedisProcess, command: string): Promise<void> {
  const connection = await server.connect().catch(() => undefined);
  await connection?.reply(command).catch(() => undefined);
  connection?.close();
}

/** redis-server must find the same data in the files. */
async function differencesToRedis(reader: RespConnection, folder: string): Promise<string[]> {
  const args = ["--dir", folder, "--appendonly", "yes", "--enable-debug-command", "yes"];
  const redis = await startRedisServer({ args });
  const other = await RespConnection.open(redis.port, "redis-server");
  const [own, theirs] = [await digestsOf(reader), await digestsOf(other)];
  other.close();
  await redis.stop();
  const keys = new Set([...own.keys(), ...theirs.keys()]);
  return [...keys]
    .filter((key) => own.get(key) !== theirs.get(key))
    .map((key) => `${key}: the digest is ${own.get(key)}, redis-server's is ${theirs.get(key)}`);
}

/** The digest of each key's value. A key that has expired is left out. */
async function digestsOf(connection: RespConnection): Promise<Map<string, string>> {
  const keys = ((await connection.reply("KEYS", "*")).items ?? []).map(({ text }) => text ?? "");
  const there = await connection.replies(keys.map((key) => ["EXISTS", key]));
  const digests = await connection.replies(keys.map((key) => ["DEBUG", "DIGEST-VALUE", key]));
  const found = keys.map((key, index): [string, string] => [key, digests[index]?.items?.[0]?.text ?? ""]);
  return new Map(found.filter((_, index) => there[index]?.text === "1"));
}
