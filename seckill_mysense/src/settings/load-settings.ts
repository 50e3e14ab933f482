import { dirname, resolve } from "node:path";
import { isLoopbackHost } from "../authorization/ip-address.ts";
import { describeIssues } from "../contract/describe-issues.ts";
import { longestAskAfterMs } from "../payments/stripe-limits.ts";
import { readConfig } from "./read-config.ts";
import { type Settings, settingsSchema } from "./settings.ts";
import { SettingsError } from "./settings-error.ts";

/**
 * Secrets, so that config.json need not contain any, and what differs between processes that share one file: the
 * gateway's own name, and the port for operators.
 */
const environmentKeys = {
  SECKILL_API_SECRET: ["backend", "api_secret"],
  SECKILL_PREVIOUS_API_SECRET: ["backend", "previous_api_secret"],
  SECKILL_INTERNAL_SECRET: ["backend", "internal_secret"],
  SECKILL_ADMIN_SECRET: ["admin", "secret"],
  SECKILL_GATEWAYS_SELF: ["gateways", "self"],
  SECKILL_MYSQL_PASS_WORD: ["mysql", "pass_word"],
  SECKILL_RABBITMQ_URL: ["rabbitmq", "url"],
  SECKILL_OPERATIONS_PORT: ["operations", "port"],
  SECKILL_REDIS_URL: ["redis", "url"],
  SECKILL_REDIS_PASS_WORD: ["redis", "pass_word"],
  SECKILL_PAYMENTS_API_KEY: ["payments", "api_key"],
  SECKILL_PAYMENTS_CALLBACK_SECRET: ["payments", "callback_secret"],
} as const;

/** The values of these keys are never shown: more people read the log than config.json. */
const secretKeys =
  /(^|\.)(api_secret|previous_api_secret|internal_secret|callback_secret|api_key|key|previous_key|secret|pass_word|url)$/;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads and checks a config.json. `environment` may override the secrets.
 * @throws SettingsError with one problem per line
 */
export function loadSettings(file: string, environment: Environment): Settings {
  const path = resolve(file);
  const input = withEnvironment(readConfig(path), environment);
  try {
    return checkSettings(input, dirname(path));
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    throw new SettingsError(error.problems.map((problem) => `${file}: ${problem}`));
  }
}

/**
 * Checks settings that are already in memory. A relative `data_dir` is resolved from `baseDir`. @throws SettingsError
 */
export function checkSettings(input: unknown, baseDir: string): Settings {
  const result = settingsSchema.safeParse(input);
  if (!result.success) {
    const checked = {
      schema: settingsSchema,
      input,
      name: "the file",
      isSecret: (key: string) => secretKeys.test(key),
    };
    throw new SettingsError(describeIssues(result.error.issues, checked));
  }
  const settings = withPathsFrom(baseDir, result.data);
  const problems = contradictions(settings);
  if (problems.length > 0) throw new SettingsError(problems);
  return settings;
}

/** Paths in the file are relative to its folder, so that the working directory does not matter. */
function withPathsFrom(baseDir: string, settings: Settings): Settings {
  const { quantity } = settings;
  const path = (file: string): string => (file === "" ? "" : resolve(baseDir, file));
  const programs = quantity.programs.map((program) => ({
    ...program,
    key_file: path(program.key_file),
    previous_key_file: path(program.previous_key_file),
  }));
  return { ...settings, data_dir: resolve(baseDir, settings.data_dir), quantity: { ...quantity, programs } };
}

/** Whether ledger, queue and gate are all embedded, with their data in `data_dir`. */
export function isEmbedded(settings: Settings): boolean {
  return settings.mysql.host === "" && settings.rabbitmq.url === "" && isGateEmbedded(settings);
}

/** Whether reservations are decided in the ledger: there is no gate, and no queue. */
export function hasNoGate({ gate }: Settings): boolean {
  return gate.mode === "ledger";
}

/** Whether the gate is an embedded MyRedis, in this process or in processes that it starts. */
export function isGateEmbedded({ redis }: Settings): boolean {
  return redis.url === "" && redis.cluster.length === 0;
}

function contradictions(settings: Settings): string[] {
  const problems: string[] = [];
  const { host, tls, tls_ca_file } = settings.mysql;
  if (host === "" && tls) problems.push("mysql.tls is set, but mysql.host is not: SQLite needs no connection");
  if (!tls && tls_ca_file !== "") problems.push("mysql.tls_ca_file is set, but mysql.tls is not");
  const { api_secret, previous_api_secret } = settings.backend;
  if (api_secret === "" && !isEmbedded(settings)) {
    problems.push(
      "backend.api_secret is missing: as soon as mysql.host, rabbitmq.url, redis.url or redis.cluster is set, " +
        "it must be a random string of at least 32 characters, for example from: openssl rand -base64 48",
    );
  }
  if (api_secret === "" && previous_api_secret !== "") {
    problems.push("backend.previous_api_secret is set, but backend.api_secret is not: both must be, or none");
  }
  if (api_secret !== "" && api_secret === previous_api_secret) {
    problems.push("backend.previous_api_secret is the same as backend.api_secret: it must be the secret before it");
  }
  if (settings.accounts.registration === "invitation" && settings.backend.internal_secret === "") {
    problems.push(
      'accounts.registration is "invitation", but backend.internal_secret is empty: nobody could make an invitation without it',
    );
  }
  const { step_up_level, step_up_max_level } = settings.accounts;
  if (step_up_level > step_up_max_level) {
    problems.push(
      `accounts.step_up_level is ${step_up_level}, and accounts.step_up_max_level is ${step_up_max_level}: no work can be both`,
    );
  }
  const { secret } = settings.admin;
  if (secret !== "" && (secret === api_secret || secret === settings.backend.internal_secret)) {
    problems.push("admin.secret is the same as another secret: only merchants may have it");
  }
  return [
    ...problems,
    ...operationsContradictions(settings),
    ...ringContradictions(settings),
    ...gateContradictions(settings),
    ...paymentContradictions(settings),
    ...programContradictions(settings),
  ];
}

/** Operators see there what buyers must not: to show it to a network needs a secret. */
function operationsContradictions({ operations: { host }, backend }: Settings): string[] {
  if (isLoopbackHost(host) || backend.internal_secret !== "") return [];
  return [
    `operations.host is ${JSON.stringify(host)}, which other machines can reach, but backend.internal_secret is empty: ` +
      "set backend.internal_secret to a random string of at least 32 characters, for example from: openssl rand -base64 48, " +
      'or operations.host to "127.0.0.1"',
  ];
}

function gateContradictions({ gate, redis, rabbitmq }: Settings): string[] {
  const problems: string[] = [];
  if (gate.mode === "ledger") {
    const unused = Object.entries({
      "redis.url": redis.url !== "",
      "redis.cluster": redis.cluster.length > 0,
      "rabbitmq.url": rabbitmq.url !== "",
    });
    for (const [key, isSet] of unused) {
      if (isSet)
        problems.push(`${key} is set, but gate.mode is "ledger": the ledger decides, and nothing would use it`);
    }
  }
  const { url, cluster, user_name, pass_word, tls, embedded_nodes, embedded_port } = redis;
  if (url !== "" && cluster.length > 0) {
    problems.push("redis.url and redis.cluster are both set: a single server has a URL, a cluster has a list of nodes");
  }
  if (cluster.length === 0 && (user_name !== "" || pass_word !== "" || tls)) {
    problems.push("redis.user_name, redis.pass_word and redis.tls are for redis.cluster: redis.url holds its own");
  }
  if (embedded_port + embedded_nodes - 1 > 65_535) {
    problems.push(`redis.embedded_port is ${embedded_port}: ${embedded_nodes} nodes would go beyond port 65535`);
  }
  return problems;
}

function paymentContradictions({ payments }: Settings): string[] {
  const { provider, api_url, api_key, callback_secret, return_url, ask_after_seconds, former } = payments;
  const problems: string[] = [];
  const all = [provider, ...former.map((one) => one.provider)];
  const twice = all.find((name, index) => all.indexOf(name) !== index);
  if (twice !== undefined) problems.push(`payments.provider and payments.former name ${JSON.stringify(twice)} twice`);
  const homeless = former.findIndex((one) => one.provider === "simulator" && one.api_url === "");
  if (homeless >= 0) problems.push(`payments.former.${homeless}.api_url is missing: the simulator's address`);
  if (provider === "none") return problems;
  const missing = (key: string, what: string): number =>
    problems.push(`payments.${key} is missing: with payments.provider ${JSON.stringify(provider)} it must be ${what}`);
  if (api_key === "") missing("api_key", provider === "stripe" ? "the secret key of Stripe" : "a text of your choice");
  if (callback_secret === "") missing("callback_secret", "the secret with which the provider signs its callbacks");
  if (provider === "simulator" && api_url === "") missing("api_url", "its address, such as http://127.0.0.1:8090");
  if (provider === "stripe" && return_url === "") missing("return_url", "the address of the sale's page");
  const mostSeconds = longestAskAfterMs / 1_000;
  if (provider === "stripe" && ask_after_seconds > mostSeconds) {
    problems.push(
      `payments.ask_after_seconds is ${ask_after_seconds}, but a session of Stripe lasts from 30 minutes to 24 hours: ` +
        `with payments.provider "stripe" it must be at most ${mostSeconds}`,
    );
  }
  return problems;
}

function programContradictions({ quantity: { programs }, backend, admin }: Settings): string[] {
  const problems: string[] = [];
  const others = new Set([backend.api_secret, backend.internal_secret, admin.secret].filter((text) => text !== ""));
  const keys = new Map<string, string>();
  const names = programs.map(({ name }) => name);
  for (const [index, program] of programs.entries()) {
    const { name, key, key_file, previous_key, previous_key_file } = program;
    const place = `quantity.programs.${index}`;
    if (names.indexOf(name) !== index) problems.push(`${place}.name is "${name}", which another program has already`);
    if ((key === "") === (key_file === "")) {
      problems.push(`${place} (${name}) must have one of key and key_file: the key of the program, or a file with it`);
    }
    if (previous_key !== "" && previous_key_file !== "") {
      problems.push(`${place} (${name}) has both previous_key and previous_key_file: one of them is enough`);
    }
    for (const [field, value] of Object.entries({ key, previous_key })) {
      if (value === "") continue;
      const holder = keys.get(value);
      if (holder !== undefined) problems.push(`${place}.${field} (${name}) is also the key of ${holder}`);
      if (others.has(value)) problems.push(`${place}.${field} (${name}) is the same as another secret`);
      keys.set(value, `${name} (${field})`);
    }
  }
  return problems;
}

function ringContradictions({ backend, gateways }: Settings): string[] {
  const problems: string[] = [];
  const { nodes, self, max_nodes } = gateways;
  if (self !== "" && backend.api_secret === "") {
    problems.push("gateways.self is set, but backend.api_secret is not: the gateways of a ring need the same secret");
  }
  const twice = nodes.find((name, index) => nodes.indexOf(name) !== index);
  if (twice !== undefined) problems.push(`gateways.nodes names ${JSON.stringify(twice)} twice`);
  const members = new Set([...nodes, ...(self === "" ? [] : [self])]).size;
  if (members > max_nodes) {
    problems.push(`gateways.nodes and gateways.self are ${members} gateways: gateways.max_nodes allows ${max_nodes}`);
  }
  if (backend.internal_secret !== "" && backend.internal_secret === backend.api_secret) {
    problems.push(
      "backend.internal_secret is the same as backend.api_secret: programs that ask must not be able to sign",
    );
  }
  return problems;
}

function withEnvironment(input: unknown, environment: Environment): unknown {
  if (!isRecord(input)) return input;
  const merged: Record<string, unknown> = { ...input };
  for (const [name, [section, key]] of Object.entries(environmentKeys)) {
    const value = environment[name];
    const current = merged[section] ?? {};
    if (value === undefined || !isRecord(current)) continue;
    // A port is a number in the file. What is no number stays a text, and is refused with its value.
    merged[section] = { ...current, [key]: key === "port" && /^\d+$/.test(value) ? Number(value) : value };
  }
  return merged;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
