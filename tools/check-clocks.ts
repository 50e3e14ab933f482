import { readFileSync } from "node:fs";
import { join, matchesGlob } from "node:path";
import { type Finding, report, repositoryFiles, repositoryFolder } from "./source-files.ts";

interface ClockRule {
  readonly sources: string;
  /** What reads the wall clock. */
  readonly reads: RegExp;
  /** Files that may, and which moments each of them means. */
  readonly readers: Readonly<Record<string, string>>;
  readonly instead: string;
}

/**
 * An operator, or the network, may set the wall clock while a program runs: so durations are counted by the monotonic one.
 * The wall clock is for moments that somebody outside of the process knows.
 */
const rules: readonly ClockRule[] = [
  {
    sources: "my_redis/src/**",
    reads: /(?:environment|[cC]lock|caller|context)(?:\.|: \{ )now(?:Ms)?\b|\{ nowMs \} = .*[cC]lock|[{,] now[ ,]/,
    readers: {
      "my_redis/src/{server,build-server}.ts": "they hand the clocks on",
      "my_redis/src/dispatch/turn-clock.ts": "it reads the clocks of a turn",
      "my_redis/src/dispatch/context.ts": "commands get the moment of the turn",
      "my_redis/src/scripting/script-command-host.ts": "the moment of a script",
      "my_redis/src/keyspace/{database,keyspace-core}.ts": "expiries",
      "my_redis/src/cron.ts": "expiries",
      "my_redis/src/cluster/moving/outgoing-copy.ts": "expiries",
      "my_redis/src/persistence/snapshot/rdb-target.ts": "expiries",
      "my_redis/src/persistence/snapshot/{snapshot-file,snapshots}.ts": "when a file was written",
      "my_redis/src/dispatch/checks/memory-limit.ts": "when something was slow",
      "my_redis/src/dispatch/observers/{call-timer,monitors}.ts": "when something was slow, or was asked",
      "my_redis/src/network/tls/tls-entrance.ts": "the end of a certificate",
      "my_redis/src/cluster/failover/seat-node.ts": "a number that grows over restarts",
      "my_redis/src/commands/{generic,hash,string}/**": "expiries",
      "my_redis/src/commands/stream/**": "ids of entries, and moments that files and replicas keep",
      "my_redis/src/commands/{list/blocking,multi-pop,sorted-set/bzpop}.ts":
        "the longest timeout ends at a moment in Redis",
      "my_redis/src/commands/cluster/**": "moments that are shown",
      "my_redis/src/commands/server/{time,latency}.ts": "the time, and when something was slow",
      "my_redis/src/commands/server/info/{keyspace,server}-section.ts": "the time, and expiries",
    },
    instead: "durations are counted by environment.monotonicMs or clock.monotonicMs",
  },
  {
    sources: "seckill_mysense/src/**",
    reads: /\bnow\(\)|[cC]lock\.now\b/,
    readers: {
      "seckill_mysense/src/{ledger,payments,verify}/**": "moments in the ledger",
      "seckill_mysense/src/roles/**": "they hand the clock on, and moments in the ledger",
      "seckill_mysense/src/recovery/{gate-keeper,settle-product}.ts": "the ends of sales",
      "seckill_mysense/src/relay/relayed-products.ts": "starts and ends of sales",
      "seckill_mysense/src/orders/sweeper.ts": "ends of sales, and of windows in the ledger",
      "seckill_mysense/src/quantity/program-reservations.ts": "starts of sales, and moments in the ledger",
      "seckill_mysense/src/gateway/{catalogue,forgotten-reservations,token-handlers,sale-answers,sale-handlers}.ts":
        "starts and ends of sales",
      "seckill_mysense/src/gateway/{check,gate-clock,reservation-handlers}.ts":
        "starts of sales, and ends of tokens and sessions",
      "seckill_mysense/src/authorization/work-challenges.ts":
        "the ends of challenges, which other gateways judge as well",
      "seckill_mysense/src/gateway/{account-handlers,invitation-handlers,mount-endpoint,revocation-follower}.ts":
        "ends of sessions and of invitations",
      "seckill_mysense/src/gateway/{order,payment}-handlers.ts": "moments in the ledger, and of signatures",
      "seckill_mysense/src/gateway/followed-room.ts": "the ledger's clock, as the gateway sees it",
      "seckill_mysense/src/{gateway/room-follower,rooms/room-keeper,rooms/rate-keeper}.ts": "ends of sales",
      "seckill_mysense/src/gateway/gateway.ts": "it hands the gate's clock on",
      "seckill_mysense/src/doctor/{clocks,examine}.ts": "clocks of machines are compared, and ends of certificates",
      "seckill_mysense/src/health/health-board.ts": "since when something is as it is",
      "seckill_mysense/src/logging/logger.ts": "the moment of a line",
      "seckill_mysense/src/time/clock.ts": "it is the clock",
    },
    instead: "durations are counted by elapsedMs",
  },
];

/** Files that read the wall clock although they are not listed, and entries of the list that name nothing. */
export function clockFindings(
  paths: readonly string[],
  read: (path: string) => string,
  applied: readonly ClockRule[] = rules,
): Finding[] {
  return applied.flatMap(({ sources, reads, readers, instead }) => {
    const lines = paths
      .filter((path) => matchesGlob(path, sources))
      .flatMap((path) => {
        const line =
          read(path)
            .split("\n")
            .findIndex((text) => reads.test(text) && !isComment(text)) + 1;
        return line > 0 ? [{ path, line }] : [];
      });
    const patterns = Object.keys(readers);
    const idle = patterns.filter((pattern) => !lines.some(({ path }) => matchesGlob(path, pattern)));
    return [
      ...lines
        .filter(({ path }) => !patterns.some((pattern) => matchesGlob(path, pattern)))
        .map((place) => ({ ...place, message: `reads the wall clock, but ${instead}` })),
      ...idle.map((pattern) => ({ path: pattern, line: 1, message: "is listed, but does not read the wall clock" })),
    ];
  });
}

const isComment = (text: string): boolean => /^\s*(?:\/\/|\/?\*)/.test(text);

if (import.meta.main) {
  report(
    "clocks",
    clockFindings(repositoryFiles(), (path) => readFileSync(join(repositoryFolder, path), "utf8")),
  );
}
