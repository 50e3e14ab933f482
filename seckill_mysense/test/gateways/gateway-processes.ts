import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, type Service, startRedisServer, waitUntil } from "../../../tools/test-services/index.ts";
import { testSecret } from "../fakes/test-gateway.ts";
import { configFolder, type RunningProgram, startProgram } from "../roles/program.ts";

export const internalSecret = "internal-secret-0123456789-abcdefghijklm";
const generous = { rate_per_second: 1_000_000, burst: 1_000_000 };

export interface GatewayProcess {
  /** host:port for the others: its name on the ring. */
  readonly name: string;
  readonly configFile: string;
  /** The first does everything, the others are web servers alone. */
  readonly role: "all" | "gateway";
  /** Undefined while it is down. */
  program: RunningProgram | undefined;
  /** A request must not be sent to one that is frozen. */
  isFrozen: boolean;
}

export interface GatewayProcesses extends AsyncDisposable {
  readonly gateways: readonly GatewayProcess[];
  readonly redis: Service;
  /** Of the first gateway. */
  readonly configFile: string;
  /** Those that can be asked. */
  urls(): string[];
  start(gateway: GatewayProcess): Promise<void>;
  /** Writes its settings anew: they hold from its next start. */
  configure(gateway: GatewayProcess, backend: object): void;
  /** Starts one more, which the settings of the others do not name. */
  join(): Promise<AsyncDisposable & { readonly url: string; readonly name: string }>;
}

interface GatewaysOptions {
  readonly count: number;
  readonly units: number;
  readonly limits?: Record<string, unknown>;
  /** The first, which does everything, is alone; the others are the ring. */
  readonly isFirstApart?: boolean;
  /** Over settings of `gateways` that are more patient than the defaults: a slow machine must not decide a test. */
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
  // It makes the tables and the sale that the others then find.
  await start(first);
  await Promise.all(others.map(start));
  const urls = (): string[] =>
    gateways.flatMap(({ program, isFrozen }) => (program === undefined || isFrozen ? [] : [program.url]));
  await untilRingOf(nodes.length, urls().slice(count - nodes.length));
  await untilReady(urls());
  return {
    gateways,
    redis,
    configFile: first.configFile,
    urls,
    start,
    configure,
    async join() {
      const name = `127.0.0.1:${await freePort()}`;
      const configFile = join(folder, "newcomer.json");
      writeFileSync(configFile, JSON.stringify(settingsOf(name, {})));
      const program = await startProgram(configFile, { role: "gateway" });
      await untilRingOf(count + 1, [...urls(), program.url]);
      return { name, url: program.url, [Symbol.asyncDispose]: async () => void (await program.process.stop()) };
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

/** Until each of these gateways sees a ring of so many. */
export async function untilRingOf(count: number, urls: readonly string[], timeoutMs = 20_000): Promise<void> {
  const sizes = (): Promise<number[]> => Promise.all(urls.map((url) => gaugeOf(url, "seckill_ring_gateways")));
  await waitUntil(async () => (await sizes()).every((size) => size === count), {
    what: `a ring of ${count} gateways`,
    timeoutMs,
  });
}

/** The value of a line of /metrics; 0 where there is none. */
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

/** Asks /checkRight as another program would. */
export async function askRight(url: string, body: object, secret = internalSecret): Promise<Right> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${secret}` };
  const response = await fetch(`${url}/checkRight`, { method: "POST", headers, body: JSON.stringify(body) });
  if (response.status !== 200) throw new Error(`/checkRight: ${response.status} ${await response.text()}`);
  return (await response.json()) as Right;
}

/** Which gateway decides about each of these users, as this gateway sees it. */
export async function ownersAt(url: string, userIds: readonly string[]): Promise<string[]> {
  return Promise.all(userIds.map(async (userID) => (await askRight(url, { userID, peek: true })).owner));
}
