import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, type Service, startRedisServer, waitUntil } from "../../../tools/test-services/index.ts";
import { testSecret } from "../fakes/test-gateway.ts";
import { configFolder, type RunningProgram, startProgram } from "../roles/program.ts";

export const internalSecret = "internal-secret-0123456789-abcdefghijklm";
const generous = { rate_per_second: 1_000_000, burst: 1_000_000 };

export interface GatewayProcess {
  /** The host:port for the other gateways, which is its name on the ring. */
  readonly name: string;
  readonly configFile: string;
  /** The first process has the role `all`, the others the role `gateway`. */
  readonly role: "all" | "gateway";
  /** Undefined while the gateway is down. */
  program: RunningProgram | undefined;
  /** A frozen gateway must get no requests. */
  isFrozen: boolean;
}

export interface GatewayProcesses extends AsyncDisposable {
  readonly gateways: readonly GatewayProcess[];
  readonly redis: Service;
  /** The config.json of the first gateway. */
  readonly configFile: string;
  /** The gateways that can answer requests. */
  urls(): string[];
  /** Their listeners for operators, and for programs that ask /checkRight. */
  operationsUrls(): string[];
  start(gateway: GatewayProcess): Promise<void>;
  /** Rewrites its settings, which take effect at its next start. */
  configure(gateway: GatewayProcess, backend: object): void;
  /** Starts one more gateway, which the settings of the others do not name. */
  join(): Promise<AsyncDisposable & { readonly operationsUrl: string; readonly name: string }>;
}

interface GatewaysOptions {
  readonly count: number;
  readonly units: number;
  readonly limits?: Record<string, unknown>;
  /** True to keep the first process, which has the role `all`, out of the ring. */
  readonly isFirstApart?: boolean;
  /** Overrides the settings of `gateways`, whose timeouts are longer here than the defaults, for slow machines. */
  readonly gateways?: Record<string, unknown>;
}

const patient = { ask_timeout_ms: 5_000, down_after_ms: 1_500 };

/** Real gateway processes of one ring, with a redis-server for the gate and one SQLite ledger. */
export async function startGateways(options: GatewaysOptions): Promise<GatewayProcesses> {
  const { count, units, limits = {}, isFirstApart = false } = options;
  const redis = await startRedisServer({ args: ["--appendonly", "yes", "--appendfsync", "always"] });
  const { folder } = configFolder();
  const names: string[] = [];
  while (names.length < count) names.push(`127.0.0.1:${await freePort()}`);
  const nodes = isFirstApart ? names.slice(1) : names;
  const settingsOf = (name: string, backend: object): object => ({
    data_dir: join(folder, "data"),
    backend: {
      host: "127.0.0.1",
      api_port: 0,
      api_secret: testSecret,
      internal_secret: internalSecret,
      shutdown_seconds: 5,
      ...backend,
    },
    redis: { url: redis.url },
    gateways: isFirstApart && name === names[0] ? {} : { ...patient, ...options.gateways, nodes, self: name },
    sale: { demo_units: units, demo_starts_in_seconds: 0 },
    limits: { check_per_user: generous, check_per_address: generous, api_per_user: generous, ...limits },
  });
  const configure = ({ configFile, name }: GatewayProcess, backend: object): void =>
    writeFileSync(configFile, JSON.stringify(settingsOf(name, backend)));
  const gateways = names.map((name, index): GatewayProcess => {
    const configFile = join(folder, `gateway-${index}.json`);
    return { name, configFile, role: index === 0 ? "all" : "gateway", program: undefined, isFrozen: false };
  });
  const start = async (gateway: GatewayProcess): Promise<void> => {
    gateway.program = await startProgram(gateway.configFile, { role: gateway.role });
  };
  for (const gateway of gateways) configure(gateway, {});
  const [first, ...others] = gateways as [GatewayProcess, ...GatewayProcess[]];
  // The first process creates the tables and the sale for the others.
  await start(first);
  await Promise.all(others.map(start));
  const running = (): RunningProgram[] =>
    gateways.flatMap(({ program, isFrozen }) => (program === undefined || isFrozen ? [] : [program]));
  const urls = (): string[] => running().map(({ url }) => url);
  const operationsUrls = (): string[] => running().map(({ operationsUrl }) => operationsUrl);
  await untilRingOf(nodes.length, operationsUrls().slice(count - nodes.length));
  await untilReady(urls());
  return {
    gateways,
    redis,
    configFile: first.configFile,
    urls,
    operationsUrls,
    start,
    configure,
    async join() {
      const name = `127.0.0.1:${await freePort()}`;
      const configFile = join(folder, "newcomer.json");
      writeFileSync(configFile, JSON.stringify(settingsOf(name, {})));
      const program = await startProgram(configFile, { role: "gateway" });
      await untilRingOf(count + 1, [...operationsUrls(), program.operationsUrl]);
      const { operationsUrl } = program;
      return { name, operationsUrl, [Symbol.asyncDispose]: async () => void (await program.process.stop()) };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(gateways.map(({ program }) => program?.process.stop()));
      await redis.stop();
    },
  };
}

async function untilReady(urls: readonly string[]): Promise<void> {
  for (const url of urls) {
    await waitUntil(async () => (await fetch(`${url}/readyz`)).status === 200, {
      what: `${url} to be ready`,
      timeoutMs: 20_000,
    });
  }
}

/** Waits until each of these gateways sees a ring of this size, by its listener for operators. */
export async function untilRingOf(count: number, urls: readonly string[], timeoutMs = 20_000): Promise<void> {
  const sizes = (): Promise<number[]> => Promise.all(urls.map((url) => gaugeOf(url, "seckill_ring_gateways")));
  await waitUntil(async () => (await sizes()).every((size) => size === count), {
    what: `a ring of ${count} gateways`,
    timeoutMs,
  });
}

/** The value of a line of /metrics; 0 if the line is missing. */
export async function gaugeOf(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.split(" ").at(-1) ?? 0);
}

export interface Right {
  readonly right: boolean;
  readonly error?: string;
  readonly held: boolean;
  readonly owner: string;
}

/** Sends a request to /checkRight, as another program would. */
export async function askRight(url: string, body: object, secret = internalSecret): Promise<Right> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${secret}` };
  const response = await fetch(`${url}/checkRight`, { method: "POST", headers, body: JSON.stringify(body) });
  if (response.status !== 200) throw new Error(`/checkRight: ${response.status} ${await response.text()}`);
  return (await response.json()) as Right;
}

/** The owner of each of these users, as this gateway sees it. */
export async function ownersAt(url: string, userIds: readonly string[]): Promise<string[]> {
  return Promise.all(userIds.map(async (userID) => (await askRight(url, { userID, peek: true })).owner));
}
