import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startProcess, temporaryFolder, waitUntil } from "../../tools/test-services/index.ts";

export const demoProductId = "aurora-headphones";
export const tokenSecret = "benchmark-secret-0123456789-abcdefghijklmnop";

export interface RunningSale {
  readonly port: number;
  readonly pid: number;
  readonly configFile: string;
  /** The content of a token for this sale. */
  readonly window: { readonly saleId: string; readonly startsAtMs: number; readonly endsAtMs: number };
  stop(): Promise<void>;
}

export interface SaleOptions {
  readonly units: number;
  /** The one core that the program may use; all of them when not given. */
  readonly core?: string;
  /** Settings that override those of the benchmark: mysql, rabbitmq, redis. */
  readonly parts?: Readonly<Record<string, object>>;
}

const unlimited = { rate_per_second: 1_000_000, burst: 1_000_000 };
const mainFile = join(import.meta.dirname, "../../seckill_mysense/main.ts");

/** Starts the whole program with a demo sale that has begun, and waits until it sells. */
export async function startSale({ units, core, parts = {} }: SaleOptions): Promise<RunningSale> {
  const folder = temporaryFolder("bench-seckill");
  const configFile = join(folder, "config.json");
  const config = {
    data_dir: "data",
    backend: { host: "127.0.0.1", api_port: 0, api_secret: tokenSecret },
    redis: { append_fsync: "always" },
    sale: { demo_units: units, demo_starts_in_seconds: 0 },
    limits: { check_per_user: unlimited, check_per_address: unlimited },
    ...parts,
  };
  writeFileSync(configFile, JSON.stringify(config));
  const program = [process.execPath, mainFile, "all", "--config", configFile] as const;
  const cmd: readonly [string, ...string[]] = core === undefined ? program : ["taskset", "-c", core, ...program];
  const started = await startProcess({ cmd, readyWhen: /"message":"started".*?"port":(\d+)/ });
  const port = Number(started.readyMatch?.[1]);
  const url = `http://127.0.0.1:${port}`;
  await waitUntil(async () => (await fetch(`${url}/readyz`)).status === 200, {
    what: "the sale to be ready",
    timeoutMs: 20_000,
  });
  const { sales } = (await (await fetch(`${url}/api/sales`)).json()) as { sales: DemoSale[] };
  const [sale] = sales as [DemoSale];
  return {
    port,
    pid: started.pid,
    configFile,
    window: { saleId: sale.id, startsAtMs: sale.startsAtMs, endsAtMs: sale.endsAtMs },
    stop: async () => void (await started.stop()),
  };
}

interface DemoSale {
  readonly id: string;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
}
