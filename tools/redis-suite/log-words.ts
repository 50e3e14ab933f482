/**
 * What MyRedis says in its log, and how redis-server says the same. The suite looks for redis-server's words, so they are
 * put behind those of MyRedis, where `\1` is what stands in the parentheses of `said`. Only lines that report the same event are here.
 */
export const logWords: readonly (readonly [said: string, words: string])[] = [
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
  ["replica .* asks for synchronization but with a wrong offset", "Replica 0 asks for synchronization but with a wrong offset"],
  [
    "of the primary was answered with an error",
    "== CRITICAL == This replica is sending an error to its master after processing the command",
  ],
];

/** A script for sed that adds them. */
export const logFilter = (): string => logWords.map(([said, words]) => `s/${said}.*/& | ${words}/`).join("\n");
