import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { SeededRandom } from "../../../tools/seeded-random.ts";
import { recordExercised } from "./harness/exercised-commands.ts";
import { showReply } from "./harness/reply.ts";
import type { RespConnection, Word } from "./harness/resp-connection.ts";
import { type StartedPair, startPair } from "./harness/start-pair.ts";

const redis = requireService("redis");
const seed = 20_261_129;
const severalRounds = 600;

/** Directives that name places, passwords and other servers, which differ or would end the comparison. */
const notCompared =
  /^(bind|port|tls-.*|unixsocket.*|dir|requirepass|master.*|.*replica.*|.*slave.*|repl-.*|cluster-.*|logfile|bind-source-addr|aclfile|pidfile|appendonly|proc-title-template|.*oom-score-adj.*|syslog-.*)$/;

/**
 * Directives with other limits here: there is no defragmentation of jemalloc, and a JavaScript array has at most 1 GiB - 1
 * bytes.
 */
const differ = new Set<string>(["activedefrag", "proto-max-bulk-len"]);

const isHuge = (value: string): boolean => /^[0-9]{16,}$/.test(value);

/** Values that would disconnect the client that compares, or that the machine or the size of a number decides about. */
const isLeftOut = (name: string, value: string): boolean =>
  (name === "timeout" && Number(value) > 0 && Number(value) < 100) ||
  (name === "maxclients" && /^[0-9]+$/.test(value) && (Number(value) < 10 || Number(value) > 10_000)) ||
  (name.startsWith("maxmemory") && isHuge(value));

const values = [
  ...["", " ", "0", "1", "-1", "01", "10", "100", "101", "65536", "4294967295", "4294967296", "0x10", "1.5"],
  ...[
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "-5",
    "-2147483649",
  ],
  ...["yes", "no", "YES", "maybe", "abc", "1k", "1kb", "1mb", "2GB", "1tb", "1 mb", "10%", "101%", "%"],
  ...["1 2", "3600 1", "3600 1 300", "0 1", "3600 -1", "normal 0 0 0", "normal 1 2", "slave 1mb 2mb 5", "foo 1 2 3"],
  ...[
    "normal 0 0 0 pubsub 32mb 8mb 60",
    "normal -1 0 0",
    "KEA",
    "Ex",
    "xyz",
    "AKE",
    "gK$",
    "allkeys-lru",
    "VOLATILE-TTL",
  ],
  ...["always", "everysec", "50 101", "50 99 99.9", "-2", "-6", "no such", "clients", "local", "notice"],
];

describe.skipIf(redis.missing)(`CONFIG behaves as in redis-server${redis.reason} (seed ${seed})`, () => {
  let pair: StartedPair;
  let names: string[];
  let first: Map<string, string>;

  const ask = async (...command: Word[]): Promise<[ours: string, theirs: string]> => {
    recordExercised(command);
    const { MyRedis, "redis-server": theirs } = pair.control;
    return [
      showReply(await MyRedis.reply(...(command as [Word]))),
      showReply(await theirs.reply(...(command as [Word]))),
    ];
  };

  async function allOf(connection: RespConnection): Promise<Map<string, string>> {
    const items = (await connection.reply("CONFIG", "GET", "*")).items ?? [];
    const texts = items.map(({ text }) => text ?? "");
    return new Map(texts.flatMap((text, at) => (at % 2 === 0 ? [[text, texts[at + 1] as string] as const] : [])));
  }

  /** The compared directives whose values differ now. */
  async function otherValues(): Promise<string[]> {
    const ours = await allOf(pair.control.MyRedis);
    const theirs = await allOf(pair.control["redis-server"]);
    return names
      .filter((name) => ours.get(name) !== theirs.get(name))
      .map((name) => `${name}: ${ours.get(name)} instead of ${theirs.get(name)}`);
  }

  const reset = async (name: string): Promise<void> => {
    await ask("CONFIG", "SET", name, first.get(name) as string);
  };

  beforeAll(async () => {
    pair = await startPair();
    first = await allOf(pair.control["redis-server"]);
    const ours = await allOf(pair.control.MyRedis);
    names = [...first.keys()]
      .filter((name) => ours.has(name) && !notCompared.test(name) && !differ.has(name))
      .toSorted();
  });
  afterAll(() => pair.close());

  test("there are directives to compare, and their defaults are the same", async () => {
    expect(names.length).toBeGreaterThan(80);
    expect(await otherValues()).toEqual([]);
  });

  test("CONFIG SET of one directive to values that are odd, and CONFIG GET", async () => {
    const different: string[] = [];
    for (const name of names) {
      for (const value of values) {
        if (isLeftOut(name, value)) continue;
        const [ours, theirs] = await ask("CONFIG", "SET", name, value);
        if (ours !== theirs) different.push(`${name} ${JSON.stringify(value)}: ${ours} instead of ${theirs}`);
        const [shown, theirShown] = await ask("CONFIG", "GET", name);
        if (shown !== theirShown) different.push(`${name} after ${JSON.stringify(value)}: ${shown} not ${theirShown}`);
      }
      await reset(name);
    }
    expect(different).toEqual([]);
    expect(await otherValues()).toEqual([]);
  }, 120_000);

  test("CONFIG SET of several directives changes all or none, also when one is named twice or does not exist", async () => {
    const random = new SeededRandom(seed);
    const different: string[] = [];
    let refused = 0;
    for (let round = 0; round < severalRounds; round++) {
      const words: string[] = [];
      for (let count = 2 + random.below(3); count > 0; count--) {
        const name = random.oneIn(20) ? "no-such-directive" : random.pick(names);
        const value = random.oneIn(2) ? (first.get(name) ?? "1") : random.pick(values);
        if (!isLeftOut(name, value)) words.push(random.oneIn(10) ? name.toUpperCase() : name, value);
      }
      if (random.oneIn(15) && words.length > 2) words.push(words[0] as string, words[1] as string);
      if (random.oneIn(30)) words.pop();
      const [ours, theirs] = await ask("CONFIG", "SET", ...words);
      if (theirs.startsWith("-")) refused++;
      const differing = round % 20 === 0 ? await otherValues() : [];
      if (ours !== theirs || differing.length > 0) {
        different.push(`${JSON.stringify(words)}: ${ours} instead of ${theirs} ${differing.join("; ")}`);
      }
    }
    for (const name of names) await reset(name);
    expect(different).toEqual([]);
    expect(await otherValues()).toEqual([]);
    expect(refused).toBeGreaterThan(severalRounds / 4);
    expect(refused).toBeLessThan(severalRounds);
  }, 120_000);
});
