import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  findProgram,
  freePort,
  startProcess,
  type StartedProcess,
  temporaryFolder,
  waitUntil,
} from "../../../tools/test-services/index.ts";
import { type MyRedisProcess, startMyRedis } from "../crash/my-redis-process.ts";
import { RespConnection, type Word } from "../differential/harness/resp-connection.ts";

export const sentinelProgram = findProgram("redis-sentinel") ?? findProgram("redis-server");
/** The name by which the Sentinels know the primary. */
export const primaryName = "shop";

/** What Sentinel does in each second or ten, in milliseconds: it does the same here, only more often. */
const periods = ["info-period", "500", "publish-period", "200", "ping-period", "200", "ask-period", "200"];

/** A primary and two replicas, each a process that can be killed, and three Sentinels, of which two must agree. */
export class MonitoredServers {
  readonly sentinels: readonly number[];
  readonly #servers = new Map<number, MyRedisProcess>();
  readonly #sentinelProcesses: readonly StartedProcess[];

  private constructor(servers: readonly MyRedisProcess[], sentinels: readonly number[], processes: StartedProcess[]) {
    for (const server of servers) this.#servers.set(server.port, server);
    this.sentinels = sentinels;
    this.#sentinelProcesses = processes;
  }

  static async start(): Promise<MonitoredServers> {
    const primary = await startServer(await freePort());
    const servers = [primary];
    for (let replica = 0; replica < 2; replica++) servers.push(await startServer(await freePort(), primary.port));
    const sentinels: number[] = [];
    const processes: StartedProcess[] = [];
    for (let sentinel = 0; sentinel < 3; sentinel++) {
      sentinels.push(await freePort());
      processes.push(await startSentinel(sentinels.at(-1) as number, primary.port));
    }
    const monitored = new MonitoredServers(servers, sentinels, processes);
    await monitored.#untilAllAreKnown();
    return monitored;
  }

  async #untilAllAreKnown(): Promise<void> {
    for (const port of this.sentinels) {
      await ask(port, "SENTINEL", "DEBUG", ...periods);
      await waitUntil(
        async () => {
          const facts = (await ask(port, "SENTINEL", "MASTER", primaryName)).join(" ");
          return facts.includes("num-slaves 2") && facts.includes("num-other-sentinels 2");
        },
        { what: "the Sentinels to know all servers and each other", timeoutMs: 30_000 },
      );
    }
  }

  get ports(): readonly number[] {
    return [...this.#servers.keys()];
  }

  async failover(): Promise<void> {
    await ask(this.sentinels[0] as number, "SENTINEL", "FAILOVER", primaryName);
  }

  async kill(port: number): Promise<void> {
    await this.#servers.get(port)?.process.kill("SIGKILL");
  }

  /** Starts a server that was killed, as the primary that it may have been. */
  async startAgain(port: number): Promise<void> {
    this.#servers.set(port, await startServer(port));
  }

  /** Where the primary is, once all Sentinels say the same and it is not `old`. */
  async primaryAfter(old?: number): Promise<number> {
    let ports: readonly number[] = [];
    const agree = async (): Promise<boolean> => {
      const said = this.sentinels.map((port) => ask(port, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", primaryName));
      ports = (await Promise.all(said)).map(([, port]) => Number(port));
      return ports.every((port) => port === ports[0] && port !== old);
    };
    await waitUntil(agree, { what: "the Sentinels to agree on a primary", timeoutMs: 40_000 });
    return ports[0] as number;
  }

  get log(): string {
    const sentinels = this.#sentinelProcesses.map((started) => started.stdout());
    return [...sentinels, ...[...this.#servers.values()].map(({ process }) => process.stdout())].join("\n---\n");
  }

  async close(): Promise<void> {
    const processes = [...this.#sentinelProcesses, ...[...this.#servers.values()].map(({ process }) => process)];
    await Promise.all(processes.map((started) => started.kill("SIGKILL")));
  }
}

const startServer = (port: number, primary?: number): Promise<MyRedisProcess> =>
  startMyRedis(temporaryFolder("monitored"), {
    port: String(port),
    appendonly: "no",
    "repl-diskless-sync-delay": "0",
    ...(primary === undefined ? {} : { replicaof: `127.0.0.1 ${primary}` }),
  });

function startSentinel(port: number, primary: number): Promise<StartedProcess> {
  const file = join(temporaryFolder("sentinel"), "sentinel.conf");
  const lines = [
    `port ${port}`,
    "bind 127.0.0.1",
    `sentinel monitor ${primaryName} 127.0.0.1 ${primary} 2`,
    `sentinel down-after-milliseconds ${primaryName} 1000`,
    `sentinel failover-timeout ${primaryName} 10000`,
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  return startProcess({ cmd: [sentinelProgram as string, file, "--sentinel"], readyWhen: "+monitor" });
}

/** Sends one command and gives the texts of its reply. */
export async function ask(port: number, ...words: Word[]): Promise<readonly string[]> {
  const connection = await RespConnection.open(port, "redis-server");
  try {
    const reply = await connection.reply(...words);
    return (reply.items ?? [reply]).map(({ text }) => String(text));
  } finally {
    connection.close();
  }
}
