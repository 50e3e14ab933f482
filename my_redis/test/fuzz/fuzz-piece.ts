import { compatibilities } from "../../src/version.ts";
import { temporaryFolder } from "../../../tools/test-services/index.ts";
import { type MyRedisProcess, startMyRedis } from "../crash/my-redis-process.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";
import { datasetDifference, readDataset } from "./dataset-text.ts";
import { type FuzzTally, runBrokenClient, runOrderlyClient } from "./fuzz-clients.ts";
import { fuzzedDatabases } from "./generated-requests.ts";
import { SeededRandom } from "../../../tools/seeded-random.ts";
import { Witness, witnessDatabase } from "./witness.ts";

const clientTasks = 8;
const databases = [...Array(fuzzedDatabases).keys(), witnessDatabase];
const directives = {
  databases: "1000",
  // Small enough that no request can exhaust the memory of the test machine.
  "proto-max-bulk-len": "1mb",
  "client-query-buffer-limit": "4mb",
};

/**
 * One bounded piece: a new server gets the load of this `seed`, is killed, and is started again on its log. Throws with
 * a description of what was wrong.
 */
export async function runFuzzPiece(
  seed: number,
  durationMs: number,
): Promise<FuzzTally & { rounds: number; keys: number }> {
  const random = new SeededRandom(seed);
  const folder = temporaryFolder("fuzz");
  const compatibility = compatibilities[seed % compatibilities.length] as string;
  const server = await startMyRedis(folder, { ...directives, compatibility });
  const tally: FuzzTally = { bytes: 0, requests: 0, replies: 0, connections: 0 };
  try {
    const rounds = await load(server, random, durationMs, tally);
    const keys = await compareAfterRestart(server, folder);
    checkMessages(server);
    return { ...tally, rounds, keys };
  } finally {
    await server.process.kill("SIGKILL");
  }
}

async function load(
  server: MyRedisProcess,
  random: SeededRandom,
  durationMs: number,
  tally: FuzzTally,
): Promise<number> {
  const connection = await server.connect();
  const witness = new Witness(connection, random.fork());
  await witness.begin();
  const endMs = performance.now() + durationMs;
  let failed = false;
  const repeat = async (task: () => Promise<void>): Promise<void> => {
    try {
      while (performance.now() < endMs && !failed) await task();
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const tasks = Array.from({ length: clientTasks }, (_, index) => {
    const own = random.fork();
    return repeat(() => (index % 2 === 0 ? runOrderlyClient : runBrokenClient)(server.port, own, tally));
  });
  const results = await Promise.allSettled([repeat(() => witness.round()), ...tasks]);
  connection.close();
  const errors = results.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []));
  if (errors.length > 0) throw new AggregateError(errors, `${errors.map(describe).join("\n")}\n${messagesOf(server)}`);
  return witness.rounds;
}

/** Reads all data, kills the server, starts another one in the same folder, and reads again. */
async function compareAfterRestart(server: MyRedisProcess, folder: string): Promise<number> {
  const reader = await server.connect();
  const before = await readDataset(reader, databases);
  reader.close();
  await server.process.kill("SIGKILL");
  const restarted = await startMyRedis(folder, directives);
  try {
    checkMessages(restarted);
    const again = await RespConnection.open(restarted.port, "MyRedis, restarted");
    const after = await readDataset(again, databases);
    again.close();
    const differences = datasetDifference(before, after, Date.now());
    if (differences.length > 0)
      throw new Error(`after a restart ${differences.length} keys differ:\n${differences.slice(0, 5).join("\n")}`);
    return before.size;
  } finally {
    await restarted.process.kill("SIGKILL");
  }
}

/** Throws for unexpected errors, both while commands ran and while the log was loaded. */
function checkMessages(server: MyRedisProcess): void {
  const messages = messagesOf(server);
  if (/failed unexpectedly|in the log was answered/.test(messages)) throw new Error(messages);
}

const messagesOf = ({ process }: MyRedisProcess): string => (process.stdout() + process.stderr()).slice(-4000);

function describe(error: Error): string {
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
