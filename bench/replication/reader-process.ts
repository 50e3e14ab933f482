/**
 * A replica that keeps nothing, in a process of its own: `bun bench/replication/reader-process.ts <port>`. It wakes seldom,
 * because it shares a core with the load.
 */
import { StreamReader } from "./stream-reader.ts";

const everyMs = 5;

const reader = new StreamReader(Number(process.argv[2]));
let isTold = false;
setInterval(() => {
  while (reader.poll());
  if (reader.isOnline && !isTold) console.log("online");
  isTold = reader.isOnline;
}, everyMs);
