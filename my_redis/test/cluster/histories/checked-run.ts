import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  check,
  counter,
  formatJsonLines,
  formatTimeline,
  History,
  type Model,
  type Operation,
  register,
} from "../../../../linearizability/index.ts";
import { SeededRandom } from "../../../../tools/seeded-random.ts";
import { temporaryFolder, waitUntil } from "../../../../tools/test-services/index.ts";
import { tlsDirectives } from "../../tls/certificates.ts";
import { onThisMachine, RingOfProcesses } from "../crash/ring-of-processes.ts";
import { CheckedClient, type Keys } from "./checked-client.ts";
import type { CutNetwork } from "./cut-network.ts";
import { RingChanges } from "./ring-changes.ts";
import { faultsOf, type FaultedRing } from "./ring-faults.ts";
import { SilentNodes } from "./silent-nodes.ts";

export const seats = 3;
const nodeTimeoutMs = 1000;
const clientCount = 12;
const registersAtATime = 9;
const countersAtATime = 4;
const pairsAtATime = 6;
const judgeLimitMs = 60_000;
const fillerKeys = 50_000;
/** Where slots move, fewer: most of them cross the links again and again. */
const movingFillerKeys = 15_000;
const fillerBytes = 200;

export interface RunOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly network: CutNetwork | undefined;
  /** Slots move, places are handed over, and a place comes and goes. */
  readonly isChanged: boolean;
  /** The nodes and their replicas reach each other over TLS. */
  readonly isEncrypted: boolean;
  readonly say: (line: string) => void;
}

/**
 * Clients use a ring through all its nodes while it is killed, frozen and cut to pieces, one fault after the other. Says
 * what was wrong: a key whose history cannot be explained, an answer of a minority, an error that no client expects.
 */
export async function checkedRun({
  isChanged,
  isEncrypted,
  network,
  say,
  seconds,
  seed,
}: RunOptions): Promise<readonly string[]> {
  const random = new SeededRandom(seed);
  const startedMs = performance.now();
  const directives = {
    "cluster-node-timeout": `${nodeTimeoutMs}`,
    "cluster-acknowledgement": "replica",
    appendfsync: random.pick(["always", "everysec"]),
    // Its network is open to nobody but this process and the nodes.
    "protected-mode": "no",
    "enable-debug-command": "yes",
    ...(isChanged ? { "cluster-members": "agreed" } : {}),
    ...(isEncrypted ? { "tls-cluster": "yes", "tls-replication": "yes", ...tlsDirectives() } : {}),
  };
  say(`appendfsync ${directives.appendfsync}${isEncrypted ? ", links over TLS" : ""}`);
  const ring = await RingOfProcesses.start(seats, directives, 1, network);
  const keysOfNode = isChanged ? movingFillerKeys : fillerKeys;
  for (let node = 0; node < seats; node++) await fill(ring, node, keysOfNode);
  const silentNodes = new SilentNodes();
  const histories = { registers: new History(), counters: new History(), pairs: new History() };
  const keys: Keys = { registers: [], counters: [], pairs: [] };
  const clients = Array.from(
    { length: clientCount },
    (_, number) => new CheckedClient({ number, ring, random: random.fork(), histories, keys, silentNodes }),
  );
  const all = { registers: [] as string[], counters: [] as string[], pairs: [] as string[] };
  const beginChapter = (chapter: number): void => {
    keys.registers = Array.from({ length: registersAtATime }, (_, number) => `register:${chapter}:${number}`);
    keys.counters = Array.from({ length: countersAtATime }, (_, number) => `counter:${chapter}:${number}`);
    keys.pairs = Array.from({ length: pairsAtATime }, (_, number) => `pair:${chapter}:${number}`);
    all.pairs.push(...keys.pairs);
    all.registers.push(...keys.registers);
    all.counters.push(...keys.counters);
  };
  const faulted: FaultedRing = { ring, network, nodeTimeoutMs, random, silentNodes };
  const placing = network ?? onThisMachine;
  const changes = isChanged ? await RingChanges.start({ ring, random: random.fork(), directives, placing }) : undefined;
  beginChapter(0);
  const changing = changes?.run();
  const running = Promise.all(clients.map((client) => client.run()));
  let faults = 0;
  try {
    for (const fault of faultsOf(faulted)) {
      const answeredBefore = sum(clients, "answered");
      await Bun.sleep(300);
      const what = await fault(faulted);
      await ring.untilInSync();
      faults++;
      const atMs = performance.now() - startedMs;
      say(`${(atMs / 1000).toFixed(1)} s: ${what}; ${sum(clients, "answered") - answeredBefore} operations answered`);
      if (atMs > seconds * 1000) break;
      beginChapter(faults);
    }
  } finally {
    for (const client of clients) client.stop();
    changes?.stop();
    await Promise.all([running, changing]);
  }
  await changes?.untilSettled();
  // What was acknowledged must be there now, whoever serves it: these reads belong to the history.
  const reader = new CheckedClient({ number: clientCount, ring, random: random.fork(), histories, keys, silentNodes });
  for (const key of all.registers) await untilAnswered(reader, async () => reader.read(key, "registers"));
  for (const key of all.counters) await untilAnswered(reader, async () => reader.read(key, "counters"));
  for (const key of all.pairs) await untilAnswered(reader, async () => reader.read(key, "pairs"));
  reader.stop();
  await Promise.all([ring.stop(), changes?.end()]);

  const counts = (["answered", "refused", "unknown"] as const)
    .map((name) => `${sum(clients, name)} ${name}`)
    .join(", ");
  const silence = network === undefined ? "" : `; ${silentNodes.refusals} operations at nodes that had to be silent`;
  say(`${faults} faults; operations: ${counts}${silence}`);
  if (changes !== undefined) say(`changes of the ring: ${changes.report}`);
  const wrong = [...silentNodes.violations, ...new Set(clients.flatMap(({ unexpected }) => unexpected))];
  wrong.push(...judge("registers", histories.registers.operations(), register));
  wrong.push(...judge("counters", histories.counters.operations(), counter));
  wrong.push(...judge("pairs", histories.pairs.operations(), register));
  say(`judged after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  return wrong;
}

/** So that all data of a place takes a while to send. */
async function fill(ring: RingOfProcesses, node: number, keys: number): Promise<void> {
  const connection = await ring.connect(node);
  await connection.reply("DEBUG", "POPULATE", keys, `filler${node}`, fillerBytes);
  connection.close();
}

/** Nodes may learn one after the other who serves which place. */
async function untilAnswered(client: CheckedClient, ask: () => Promise<void>): Promise<void> {
  const before = client.counts.answered;
  const isAnswered = async (): Promise<boolean> => ask().then(() => client.counts.answered > before);
  await waitUntil(isAnswered, { what: "a key to be read", timeoutMs: 30_000, intervalMs: 50 });
}

const sum = (clients: readonly CheckedClient[], name: keyof CheckedClient["counts"]): number =>
  clients.reduce((total, { counts }) => total + counts[name], 0);

function judge<State>(name: string, operations: readonly Operation[], model: Model<State>): readonly string[] {
  const verdict = check(operations, { model, timeLimitMs: judgeLimitMs });
  if (verdict.verdict === "ok") return [];
  const file = join(temporaryFolder("history"), `${name}.jsonl`);
  writeFileSync(file, formatJsonLines(operations));
  if (verdict.verdict === "unknown") return [`${name}: no verdict, ${verdict.why}; the history is in ${file}`];
  return [`${name}: ${verdict.partition}; the history is in ${file}\n${formatTimeline(verdict.counterExample)}`];
}
