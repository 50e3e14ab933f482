import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * What MyRedis says in its log, and how redis-server says the same. The suite looks for redis-server's words, so it reads
 * them behind those of MyRedis, where `\1` is what stands in the parentheses of `said`. Only lines that report the same
 * event are here.
 */
const logWords: readonly (readonly [said: string, words: string])[] = [
  ["nothing was heard from the primary for more than", "Timeout connecting to the MASTER"],
  ["the primary sends all data", "Loading DB in memory"],
  ["is not followed: the primary has closed the connection", "Internal error in RDB reading"],
  ["loaded .* keys of the primary", "Finished with success"],
  ["the primary goes on at offset", "Successful partial resynchronization with master"],
  ["nothing was heard from it for more than", "Disconnecting timedout replica (full sync)"],
  [
    "it has sent the command '\\(.*\\)'",
    "Replica generated a reply to command '\\1', disconnecting it: == CRITICAL == This master is sending an error to " +
      "its replica: Replica can't interact with the keyspace",
  ],
  [
    "replica .* asks for synchronization but with a wrong offset",
    "Replica 0 asks for synchronization but with a wrong offset",
  ],
  [
    "of the primary was answered with an error",
    "== CRITICAL == This replica is sending an error to its master after processing the command",
  ],
];

/** How the suite reads logs of its servers: in a file, each `from` becomes `to`, with the name of a script for sed. */
const reads: readonly { readonly file: string; readonly from: string; readonly to: (filter: string) => string }[] = [
  {
    file: "tests/support/util.tcl",
    from: "exec grep $pattern $file",
    to: (filter) => `exec sed -f ${filter} $file | grep $pattern`,
  },
  {
    file: "tests/support/util.tcl",
    from: "< [srv $srv_idx stdout]]",
    to: (filter) => `< [srv $srv_idx stdout] | sed -f ${filter}]`,
  },
  {
    file: "tests/support/util.tcl",
    from: "+$next_line < $stdout]",
    to: (filter) => `+$next_line < $stdout | sed -f ${filter}]`,
  },
  {
    file: "tests/integration/replication.tcl",
    from: "< [srv 0 stdout]]",
    to: (filter) => `< [srv 0 stdout] | sed -f ${filter}]`,
  },
  {
    file: "tests/integration/replication.tcl",
    from: "open $log r",
    to: (filter) => `open "|sed -f ${filter} $log" r`,
  },
];

/** Lets the copy of the suite in this folder read the words of redis-server in the logs of MyRedis. */
export function translateLogs(folder: string): void {
  const filter = join(folder, "log-filter");
  writeFileSync(filter, logWords.map(([said, words]) => `s/${said}.*/& | ${words}/\n`).join(""));
  for (const { file, from, to } of reads) {
    const path = join(folder, file);
    const text = readFileSync(path, "utf8");
    if (!text.includes(from)) throw new Error(`${path} does not read logs by ${JSON.stringify(from)}`);
    writeFileSync(path, text.replaceAll(from, to(filter)));
  }
}
