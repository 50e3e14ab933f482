import type { SideClient, Steps } from "../open-loop/side-client.ts";

/** Heavy work that the server does while its other clients are measured. */
export interface Scene {
  readonly name: string;
  readonly title: string;
  /** Whether the server writes an append-only file. */
  readonly appendonly: boolean;
  /** Before the measured time. */
  readonly prepare?: (side: SideClient) => Steps;
  /** From the beginning of the measured time on. */
  readonly work: (side: SideClient) => Steps;
}

const expiringKeys = 100_000;
const expiryBatch = 100;
/** From the moment when the keys are made to the expiry of the first one; then they expire within a second. */
const beforeExpiryMs = 6000;
const secondMs = 1000;
const largeBytes = 64 * 1024 * 1024;
const largeReplies = 8;
const betweenLargeMs = 250;
const queuedCommands = 300_000;
const scriptRounds = 100_000;
/** After so many scripts, all that they run is compiled. */
const scriptsBefore = 10;
const slowScript =
  "local total = 0 for i = 1, tonumber(ARGV[1]) do " +
  "redis.call('set', KEYS[1], i) total = total + tonumber(redis.call('get', KEYS[1])) end return total";

function* pause(ms: number): Steps {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs) yield;
}

/** Waits until INFO no longer shows `field` as 1. */
function* untilDone(side: SideClient, field: string): Steps {
  do yield* pause(50);
  while ((yield* side.ask("INFO", "persistence")).includes(`${field}:1`));
}

function* expiring(): Generator<string[]> {
  const firstMs = Date.now() + beforeExpiryMs;
  for (let first = 0; first < expiringKeys; first += expiryBatch) {
    for (let key = first; key < first + expiryBatch; key++) {
      yield ["SET", `expiring:${key}`, "value", "PXAT", `${Math.floor(firstMs + (key / expiringKeys) * secondMs)}`];
    }
  }
}

function* queued(): Generator<string[]> {
  yield ["MULTI"];
  for (let count = 0; count < queuedCommands; count++) yield ["SET", `queued:${count % 1000}`, "value"];
}

function* runSlowScript(side: SideClient): Steps {
  yield* side.ask("EVAL", slowScript, "1", "scripted", `${scriptRounds}`);
}

export const scenes: readonly Scene[] = [
  {
    name: "calm",
    title: "nothing else",
    appendonly: false,
    *work() {},
  },
  {
    name: "bgsave",
    title: "BGSAVE",
    appendonly: false,
    *work(side) {
      yield* side.ask("BGSAVE");
      yield* untilDone(side, "rdb_bgsave_in_progress");
    },
  },
  {
    name: "bgrewriteaof",
    title: "BGREWRITEAOF",
    appendonly: true,
    *work(side) {
      yield* side.ask("BGREWRITEAOF");
      yield* untilDone(side, "aof_rewrite_in_progress");
    },
  },
  {
    name: "expiry",
    title: "100,000 keys expire within a second",
    appendonly: false,
    prepare: (side) => side.askAll(expiring()),
    *work(side) {
      while ((yield* side.ask("DBSIZE")).trim() !== ":1000000") yield* pause(50);
    },
  },
  {
    name: "flushall",
    title: "FLUSHALL ASYNC",
    appendonly: false,
    *work(side) {
      yield* side.ask("FLUSHALL", "ASYNC");
    },
  },
  {
    name: "large-replies",
    title: "a client reads 8 replies of 64 MiB",
    appendonly: false,
    *prepare(side) {
      yield* side.ask("SETRANGE", "large", `${largeBytes - 1}`, "x");
    },
    *work(side) {
      for (let count = 0; count < largeReplies; count++) {
        yield* side.ask("GET", "large");
        yield* pause(betweenLargeMs);
      }
    },
  },
  {
    name: "multi",
    title: "MULTI of 300,000 commands",
    appendonly: false,
    *work(side) {
      yield* side.askAll(queued());
      yield* side.ask("PING");
      // An array of replies: the answer to PING tells that all of it has come.
      side.text = "";
      yield* side.send("*1\r\n$4\r\nEXEC\r\n*2\r\n$4\r\nPING\r\n$4\r\nDONE\r\n");
      while (!side.text.endsWith("$4\r\nDONE\r\n")) yield;
    },
  },
  {
    name: "script",
    title: "a script of 200,000 commands, the first one",
    appendonly: false,
    work: runSlowScript,
  },
  {
    name: "warm-script",
    title: "a script of 200,000 commands, after others",
    appendonly: false,
    *prepare(side) {
      for (let count = 0; count < scriptsBefore; count++) yield* runSlowScript(side);
    },
    work: runSlowScript,
  },
];

/** Scenes by their names; all of them for an empty list. Throws for an unknown name. */
export function selectScenes(names: readonly string[]): readonly Scene[] {
  for (const name of names) {
    if (!scenes.some((scene) => scene.name === name)) {
      throw new Error(`--scenes ${name}: no such scene; there are ${scenes.map((scene) => scene.name).join(", ")}`);
    }
  }
  return scenes.filter(({ name }) => names.length === 0 || names.includes(name));
}
