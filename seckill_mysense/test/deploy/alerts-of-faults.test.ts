import { describe, expect, test } from "bun:test";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Connection } from "rabbitmq-client";
import {
  freePort,
  requireService,
  startProcess,
  type StartedProcess,
  startRedisServer,
  temporaryFolder,
  waitUntil,
} from "../../../tools/test-services/index.ts";
import { brokerQueueName } from "../../src/queue/rabbitmq-topology.ts";
import { testSecret } from "../fakes/test-gateway.ts";
import { programServices, startProgramServices } from "../roles/program-services.ts";
import { configFolder, runProgram, startProgram } from "../roles/program.ts";

const folder = join(import.meta.dir, "../../../deploy/prometheus");
const runbooks = readFileSync(join(folder, "../../docs/runbooks.md"), "utf8");
const prometheus = requireService("prometheus");
const missing = programServices.missing || prometheus.missing;
const timeoutMs = 240_000;
/** An outage is told to those who are on call within this time. */
const toldWithinMs = 30_000;

interface Monitor {
  readonly process: StartedProcess;
  /** The alerts that are raised, each with its part if it is about one. */
  firing(): Promise<string[]>;
}

/** A Prometheus with the shipped rules, which asks this address. */
async function startMonitor(target: string): Promise<Monitor> {
  const data = temporaryFolder("prometheus");
  cpSync(folder, data, { recursive: true });
  const file = join(data, "prometheus.yml");
  writeFileSync(file, readFileSync(file, "utf8").replace("127.0.0.1:8083", target));
  const address = `127.0.0.1:${await freePort()}`;
  const place = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(data, "tsdb")}`,
    `--web.listen-address=${address}`,
  ];
  const process = await startProcess({
    cmd: ["prometheus", ...place],
    readyWhen: /Server is ready to receive web requests/,
    timeoutMs: 30_000,
  });
  const firing = async (): Promise<string[]> => {
    const answer = (await (await fetch(`http://${address}/api/v1/alerts`)).json()) as {
      data: { alerts: { state: string; labels: Record<string, string> }[] };
    };
    const raised = answer.data.alerts.filter(({ state }) => state === "firing");
    return raised.map(({ labels }) => `${labels["alertname"]} ${labels["part"] ?? ""}`.trim());
  };
  return { process, firing };
}

/** The commands of `seckill` that the runbook gives for an alert, without the configuration that they name. */
function commandsFor(alert: string): string[][] {
  const section = runbooks.slice(runbooks.indexOf(`## ${alert}\n`)).split("\n## ")[0]!;
  const lines = section.split("\n").filter((line) => line.startsWith("seckill "));
  return lines.map((line) =>
    line
      .replace(/ --config \S+/, "")
      .split(" ")
      .slice(1),
  );
}

describe.skipIf(missing)(`Prometheus beside a system${programServices.reason}${prometheus.reason}`, () => {
  test(
    "raises an alert within 30 s of a fault, and clears it by what the runbook says",
    async () => {
      const redis = await startRedisServer();
      const services = await startProgramServices();
      const operations = { port: await freePort() };
      const { configFile } = configFolder({
        ...services.config,
        redis: { url: redis.url },
        backend: { api_secret: testSecret },
        operations,
      });
      const first = await startProgram(configFile);
      const { process: monitor, firing } = await startMonitor(`127.0.0.1:${operations.port}`);
      const raised = (alert: string): Promise<void> =>
        waitUntil(async () => (await firing()).includes(alert), {
          ...{ what: `the alert ${alert}`, timeoutMs: toldWithinMs, intervalMs: 500 },
        });
      const cleared = (alert: string): Promise<void> =>
        waitUntil(async () => !(await firing()).includes(alert), {
          ...{ what: `the end of the alert ${alert}`, timeoutMs: toldWithinMs, intervalMs: 500 },
        });
      expect(await firing()).toEqual([]);

      // A gate that is frozen; "systemctl restart redis-server" of the runbook.
      await redis.kill("SIGSTOP");
      await raised("SeckillPartDown gate");
      await redis.kill("SIGKILL");
      await redis.restart();
      await cleared("SeckillPartDown gate");

      // A message that nobody can read, and the three commands of the runbook.
      const { url, queue_name } = services.config.rabbitmq as { url: string; queue_name: string };
      const connection = new Connection(url);
      const channel = await connection.acquire();
      await channel.basicPublish({ routingKey: brokerQueueName(queue_name) }, "this is no reservation");
      await raised("SeckillDeadLetters");
      const [list, show, discard] = commandsFor("SeckillDeadLetters") as [string[], string[], string[]];
      const ask = (words: readonly string[]) => runProgram([...words, "--config", configFile]);
      const listed = await ask(list);
      const [id] = listed.stdout.split(" ") as [string];
      for (const words of [show, discard]) {
        const ended = await ask(words.map((word) => (word === "ID" ? id : word)));
        expect([ended.code, ended.stderr]).toEqual([0, ""]);
      }
      await cleared("SeckillDeadLetters");
      await channel.close();
      await connection.close();

      // A process that was killed; "systemctl restart seckill@gateway" of the runbook.
      await first.process.kill("SIGKILL");
      await raised("SeckillProcessDown");
      const second = await startProgram(configFile);
      await cleared("SeckillProcessDown");
      await Promise.all([second.process.stop(), monitor.stop()]);
      await Promise.all([services.stop(), redis.stop()]);
    },
    timeoutMs,
  );
});
