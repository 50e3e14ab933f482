import type { RespConnection } from "./resp-connection.ts";

/** Lines of INFO that count what clients did. Two servers that ran the same requests must agree on them. */
const counters =
  /^(?:cmdstat_|errorstat_|latency_percentiles_usec_|(?:total_error_replies|unexpected_error_replies|total_commands_processed|keyspace_hits|keyspace_misses|expired_keys|evicted_keys):).*/;

/** The counters of a server, sorted, without the times that commands took. */
export async function statisticsText(connection: RespConnection): Promise<string[]> {
  const { text } = await connection.reply("INFO", "everything");
  return (text ?? "")
    .split("\r\n")
    .filter((line) => counters.test(line))
    .map((line) => line.replace(/usec=\d+,usec_per_call=[\d.]+,/, "").replace(/(latency_\w+[^:]*):.*/, "$1"))
    .sort();
}

/** The lines that only one server has; undefined when there are none. */
export function statisticsDifference(ours: readonly string[], theirs: readonly string[]): string | undefined {
  const missing = theirs.filter((line) => !ours.includes(line));
  const extra = ours.filter((line) => !theirs.includes(line));
  if (missing.length + extra.length === 0) return undefined;
  return `redis-server counts\n  ${missing.join("\n  ")}\nMyRedis counts\n  ${extra.join("\n  ")}`;
}
