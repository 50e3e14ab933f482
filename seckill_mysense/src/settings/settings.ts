import { z } from "zod";
import { parseAddressBlock } from "../authorization/ip-address.ts";
import { parseNodeName } from "../authorization/ring/node-name.ts";
import { longestSessionMs, maxWorkLevel } from "../domain/user.ts";

/** A weaker secret could be found offline, by trying secrets against a single token. */
const minSecretLength = 32;
const minDistinctCharacters = 12;

const whole = (minimum: number, maximum: number) => z.int().min(minimum).max(maximum);
const port = whole(1, 65_535);
const secret = z
  .string()
  .max(512)
  .refine((text) => text === "" || text.length >= minSecretLength, {
    error: `too weak: at least ${minSecretLength} random characters, for example from: openssl rand -base64 48`,
    abort: true,
  })
  .refine((text) => text === "" || new Set(text).size >= minDistinctCharacters, {
    error: `too weak: at least ${minDistinctCharacters} different characters, for example from: openssl rand -base64 48`,
  });

function url(...schemes: readonly string[]): z.ZodType<string, string> {
  return z.string().refine((text) => text === "" || schemes.includes(URL.parse(text)?.protocol.slice(0, -1) ?? ""), {
    error: `must be empty or a URL that begins with ${schemes.map((scheme) => `${scheme}://`).join(" or ")}`,
  });
}

const backend = z.strictObject({
  host: z.string().min(1).default("0.0.0.0"),
  /** 0 lets the operating system choose a port, which is then logged. */
  api_port: whole(0, 65_535).default(8080),
  api_secret: secret.default(""),
  previous_api_secret: secret.default(""),
  /** For other programs that use /checkRight, and for operators. Empty closes what needs it. */
  internal_secret: secret.default(""),
  secure_cookies: z.boolean().default(false),
  /** The proxies whose X-Forwarded-For is trusted. */
  trusted_proxies: z
    .array(
      z.string().refine((text) => parseAddressBlock(text) !== undefined, {
        error: "must be an IP address or a CIDR block such as 10.0.0.0/8",
      }),
    )
    .max(64)
    .default([]),
  session_seconds: whole(60, longestSessionMs / 1_000).default(43_200),
  shutdown_seconds: whole(1, 300).default(10),
});

const accounts = z.strictObject({
  /** `invitation`: only persons whom a program of the operator has invited may register and buy, each with one account. */
  registration: z.enum(["open", "invitation"]).default("open"),
  /** `on`: who registers without an invitation computes something before. */
  work: z.enum(["off", "on"]).default("off"),
  /** The work of those who are the first of their address. Each level takes twice as long. */
  work_level: whole(0, maxWorkLevel).default(1),
  /** `on`: logins and entries to waiting rooms cost work while the risk is raised. */
  step_up: z.enum(["off", "on"]).default("off"),
  /** The work for the lowest risk that costs any. */
  step_up_level: whole(0, maxWorkLevel).default(1),
  /** No risk costs more. The default takes a slow phone about half a minute. */
  step_up_max_level: whole(0, maxWorkLevel).default(4),
});

/** The listener for merchants. */
const admin = z.strictObject({
  /** Without TLS, so that it listens to this machine alone by default. */
  host: z.string().min(1).default("127.0.0.1"),
  /** 0 lets the operating system choose a port, which is then logged. */
  port: whole(0, 65_535).default(8081),
  /** Empty: nobody listens. */
  secret: secret.default(""),
});

/** Another program that may use the quantity service. */
const program = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,19}$/, "must be 1 to 20 small letters, digits or dashes, a letter first"),
  key: secret.default(""),
  /** A file with the key, in place of `key`. Relative to the folder of config.json. */
  key_file: z.string().max(1_024).default(""),
  /** The key before it, which is valid as well: so a key is changed without a pause. */
  previous_key: secret.default(""),
  previous_key_file: z.string().max(1_024).default(""),
  /** The sales that it may see and sell; `*` for all. */
  sales: z.array(z.string().min(1).max(64)).min(1).max(1_000).default(["*"]),
  rights: z
    .array(z.enum(["reserve", "confirm", "release", "read"]))
    .min(1)
    .default(["reserve", "confirm", "release", "read"]),
  /** 0 switches the limit off. */
  rate_per_second: z.number().min(0).max(10_000_000).default(1_000),
  burst: whole(1, 10_000_000).default(2_000),
});
export type ProgramSettings = z.infer<typeof program>;

/** The listener for other programs. */
const quantity = z.strictObject({
  /** Without TLS, so that it listens to this machine alone by default. */
  host: z.string().min(1).max(253).default("127.0.0.1"),
  /** 0 lets the operating system choose a port, which is then logged. */
  port: whole(0, 65_535).default(8082),
  /** How long a confirmation or a release waits for an order that is on its way to the ledger. */
  record_wait_ms: whole(0, 10_000).default(1_000),
  /** Empty: nobody listens. */
  programs: z.array(program).max(64).default([]),
});

const nodeNameRule = "must be host:port in lower case, such as 10.0.0.1:9080";
const isNodeName = (text: string): boolean => parseNodeName(text) !== undefined;

const gateways = z.strictObject({
  nodes: z
    .array(z.string().refine(isNodeName, { error: nodeNameRule }))
    .max(1_000)
    .default([]),
  self: z
    .string()
    .refine((text) => text === "" || isNodeName(text), { error: nodeNameRule })
    .default(""),
  /** Empty for the host of `self`. */
  listen_host: z.string().max(253).default(""),
  max_nodes: whole(1, 64).default(64),
  ask_timeout_ms: whole(10, 5_000).default(150),
  /** Limited so that, with the interval of the check, a lost gateway is noticed within two seconds. */
  down_after_ms: whole(300, 1_500).default(1_000),
  questions_waiting: whole(1, 1_000_000).default(8_192),
});

const mysql = z.strictObject({
  host: z.string().default(""),
  port: port.default(3306),
  user_name: z.string().max(80).default("root"),
  pass_word: z.string().max(256).default(""),
  db_name: z
    .string()
    .regex(/^\w{1,64}$/, "must be 1 to 64 letters, digits or underscores")
    .default("seckill"),
  pool_size: whole(1, 200).default(10),
  /** The server must show a certificate for `host`. */
  tls: z.boolean().default(false),
  /** A file with the authorities that may sign it; empty for those of the operating system. */
  tls_ca_file: z.string().max(1_024).default(""),
  /** Whether each start brings the tables up to date. Otherwise `seckill migrate` does. */
  migrate: z.boolean().default(true),
});

const rabbitmq = z.strictObject({
  url: url("amqp", "amqps").default(""),
  queue_name: z
    .string()
    .regex(/^[\w.-]{1,100}$/, "must be 1 to 100 letters, digits, dots, dashes or underscores")
    .default("seckill.reservations"),
});

const redis = z.strictObject({
  url: url("redis", "rediss").default(""),
  /** Some nodes of a Redis Cluster, or of a ring of MyRedis nodes. The other nodes are discovered. */
  cluster: z
    .array(z.string().refine(isNodeName, { error: nodeNameRule }))
    .max(100)
    .default([]),
  user_name: z.string().max(256).default(""),
  pass_word: z.string().max(512).default(""),
  tls: z.boolean().default(false),
  /** More than one node: each is a process of its own, on the ports from `embedded_port` upwards. */
  embedded_nodes: whole(1, 64).default(1),
  embedded_port: port.default(6390),
  append_fsync: z.enum(["always", "everysec"]).default("always"),
});

const gate = z.strictObject({
  /** `server`: MyRedis, Redis or Valkey decides, and a queue carries its decisions to the ledger. `ledger`: the ledger decides. */
  mode: z.enum(["server", "ledger"]).default("server"),
});

const sale = z.strictObject({
  pay_within_seconds: whole(1, 604_800).default(900),
  offer_seconds: whole(1, 604_800).default(300),
  /** How long a bundle may wait for its last part. */
  bundle_seconds: whole(1, 3_600).default(60),
  /** Where the public value of a draw is fetched; empty: an operator gives it. */
  drand_url: url("http", "https").default(""),
  demo: z.boolean().default(true),
  demo_units: whole(1, 1_000_000).default(100),
  demo_starts_in_seconds: whole(0, 86_400).default(60),
  demo_lasts_seconds: whole(10, 2_592_000).default(86_400),
});

const payments = z.strictObject({
  provider: z.enum(["none", "simulator", "stripe"]).default("none"),
  /** Of the simulator; for Stripe empty, or a stand-in for its API. */
  api_url: url("http", "https").default(""),
  api_key: z.string().max(512).default(""),
  callback_secret: secret.default(""),
  /** Where the simulator sends its callbacks. Stripe's are set at Stripe. Empty: to a gateway on this machine. */
  callback_url: url("http", "https").default(""),
  /** Where buyers come back to after they have paid at Stripe. */
  return_url: url("http", "https").default(""),
  callback_tolerance_seconds: whole(10, 3_600).default(300),
  ask_after_seconds: whole(1, 86_400).default(60),
  /** Then an open payment is ended at the provider, and nobody asks about it any more. */
  ask_for_seconds: whole(3_600, 31_536_000).default(1_209_600),
  timeout_ms: whole(100, 60_000).default(5_000),
  max_callback_bytes: whole(1_024, 1_048_576).default(262_144),
  /** Providers through which buyers paid before: they are asked, refund and send callbacks. */
  former: z
    .array(
      z.strictObject({
        provider: z.enum(["simulator", "stripe"]),
        api_url: url("http", "https").default(""),
        api_key: z.string().min(1).max(512),
        callback_secret: secret.refine((text) => text !== "", { error: "must not be empty" }),
      }),
    )
    .max(2)
    .default([]),
});

const rate = (ratePerSecond: number, burst: number) =>
  z
    .strictObject({
      rate_per_second: z.number().min(0).max(10_000_000).default(ratePerSecond),
      burst: whole(1, 10_000_000).default(burst),
    })
    .prefault({});

/** `free`: so many raise no risk. */
const risk = (free: number, forgottenPerSecond: number) =>
  z
    .strictObject({
      free: whole(0, 100_000).default(free),
      forgotten_per_second: z.number().min(0.000_1).max(1_000).default(forgottenPerSecond),
    })
    .prefault({});

const limits = z.strictObject({
  check_per_user: rate(5, 10),
  check_per_address: rate(2_000, 10_000),
  check_per_node: rate(0, 1),
  login_per_name: rate(0.1, 10),
  login_per_address: rate(5, 50),
  work_per_address: rate(0.02, 4_096),
  risk_name_failures: risk(4, 0.01),
  risk_address_failures: risk(16, 0.05),
  risk_address_accounts: risk(32, 0.02),
  risk_fast_work: risk(4, 0.01),
  api_per_user: rate(20, 100),
  room_per_user: rate(4, 40),
  ban_after_failures: whole(0, 1_000_000).default(100),
  failure_window_seconds: whole(1, 3_600).default(60),
  ban_seconds: whole(1, 86_400).default(30),
  ipv6_prefix: whole(16, 128).default(64),
  tracked_keys: whole(1_024, 16_777_216).default(262_144),
  requests_in_flight: whole(1, 1_000_000).default(16_384),
  gate_concurrency: whole(1, 100_000).default(4_096),
  gate_timeout_ms: whole(10, 60_000).default(2_000),
  start_leeway_ms: whole(0, 60_000).default(1_000),
  sold_out_hint_ms: whole(0, 60_000).default(1_000),
  waiting_per_product: whole(0, 100_000).default(10_000),
  hash_concurrency: whole(1, 64).default(2),
  hash_waiting: whole(0, 10_000).default(64),
  max_body_bytes: whole(256, 1_048_576).default(16_384),
  body_timeout_ms: whole(10, 60_000).default(5_000),
  event_listeners: whole(0, 100_000).default(1_000),
  event_listeners_per_user: whole(1, 100_000).default(8),
  sales: whole(1, 10_000).default(1_000),
  revocations: whole(1, 10_000_000).default(262_144),
  rooms: whole(1, 1_000).default(16),
  room_visitors: whole(1, 10_000_000).default(1_000_000),
});

/** The listener of every role for operators, monitors and programs of one's own. */
const operations = z.strictObject({
  host: z.string().min(1).max(253).default("127.0.0.1"),
  /** 0 lets the operating system choose a port, which is then logged. */
  port: whole(0, 65_535).default(0),
});

const log = z.strictObject({
  level: z.enum(["debug", "info", "warn", "error"]).default("info"),
  /** Of the decisions about work by risk: how many are logged. */
  decision_share: z.number().min(0).max(1).default(0.01),
  decisions_per_second: z.number().min(0.01).max(1_000).default(5),
});

/** The schema of config.json, with the default of every key. */
export const settingsSchema = z.strictObject({
  /** Relative to the folder of config.json, so that the working directory does not matter. */
  data_dir: z.string().min(1).default("../data"),
  backend: backend.prefault({}),
  accounts: accounts.prefault({}),
  admin: admin.prefault({}),
  mysql: mysql.prefault({}),
  rabbitmq: rabbitmq.prefault({}),
  redis: redis.prefault({}),
  gate: gate.prefault({}),
  gateways: gateways.prefault({}),
  sale: sale.prefault({}),
  payments: payments.prefault({}),
  quantity: quantity.prefault({}),
  limits: limits.prefault({}),
  operations: operations.prefault({}),
  log: log.prefault({}),
});

/** The checked settings; `data_dir` is absolute. */
export type Settings = z.infer<typeof settingsSchema>;
