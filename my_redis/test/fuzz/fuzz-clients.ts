import { connect } from "node:net";
import { type Reply, ReplyParser, showReply } from "../differential/harness/reply.ts";
import { encodeCommand, RespConnection, showCommand } from "../differential/harness/resp-connection.ts";
import { generateBrokenBytes } from "./broken-bytes.ts";
import { generateRequest, generateWords } from "./generated-requests.ts";
import type { SeededRandom } from "../../../tools/seeded-random.ts";

/** Counts of what the clients of one piece have done. */
export interface FuzzTally {
  bytes: number;
  requests: number;
  replies: number;
  connections: number;
}

const closeTimeoutMs = 10_000;

/**
 * Sends pipelines of whole requests in chunks of any size; each request must get exactly one reply. Throws when a reply
 * is missing, when bytes are no reply, and when the server had an unexpected error.
 */
export async function runOrderlyClient(port: number, random: SeededRandom, tally: FuzzTally): Promise<void> {
  tally.connections++;
  const connection = await RespConnection.open(port, "MyRedis");
  try {
    for (let batches = 1 + random.below(12); batches > 0; batches--) await sendBatch(connection, random, tally);
  } finally {
    connection.close();
  }
}

async function sendBatch(connection: RespConnection, random: SeededRandom, tally: FuzzTally): Promise<void> {
  const batch = Array.from({ length: 1 + random.below(random.oneIn(10) ? 200 : 20) }, () => generateWords(random));
  const bytes = Buffer.concat(batch.map(encodeCommand));
  tally.bytes += bytes.length;
  tally.requests += batch.length;
  for (const chunk of chunksOf(random, bytes)) {
    connection.sendRaw(chunk);
    if (random.oneIn(3)) await Bun.sleep(random.below(3));
  }
  for (const words of batch) {
    let reply: Reply;
    try {
      reply = await connection.next();
    } catch (error) {
      throw new Error(`${showCommand(words).slice(0, 500)} got no reply`, { cause: error });
    }
    tally.replies++;
    if (reply.text?.startsWith("ERR internal error")) {
      throw new Error(`${showCommand(words).slice(0, 500)} was answered ${showReply(reply)}`);
    }
  }
  if (connection.unread !== "")
    throw new Error(`the server sent more than it was asked: ${connection.unread.slice(0, 200)}`);
}

/** Mostly few cuts, sometimes one per byte. */
function chunksOf(random: SeededRandom, bytes: Buffer): Buffer[] {
  const longest = random.oneIn(8) && bytes.length < 2000 ? 2 : 1 + random.below(random.oneIn(2) ? bytes.length : 500);
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + random.below(longest);
    chunks.push(bytes.subarray(at, end));
    at = end;
  }
  return chunks.length > 300 ? [bytes] : chunks;
}

/**
 * Sends valid and broken bytes mixed, then disconnects in one of several ways. All received bytes must be replies.
 * After the client has closed its side, the server must close the other.
 */
export async function runBrokenClient(port: number, random: SeededRandom, tally: FuzzTally): Promise<void> {
  tally.connections++;
  const parser = new ReplyParser();
  let failure: Error | undefined;
  const socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => {});
  socket.on("end", () => socket.end());
  socket.on("data", (chunk: Buffer) => {
    try {
      parser.feed(chunk);
      for (let reply = parser.next(); reply !== undefined; reply = parser.next()) {
        tally.replies++;
        if (reply.text?.startsWith("ERR internal error")) throw new Error(`answered ${showReply(reply)}`);
      }
    } catch (error) {
      failure ??= error as Error;
    }
  });
  for (let count = 1 + random.below(15); count > 0 && !socket.destroyed; count--) {
    const bytes = random.oneIn(2) ? generateBrokenBytes(random) : generateRequest(random);
    tally.bytes += bytes.length;
    tally.requests++;
    socket.write(bytes);
    if (random.oneIn(2)) await Bun.sleep(random.below(4));
  }
  const manner = random.below(4);
  if (manner === 0) socket.destroy();
  else if (manner === 1) socket.resetAndDestroy();
  else socket.end();
  const timer = setTimeout(() => {
    failure ??= new Error(`the server did not close within ${closeTimeoutMs} ms`);
    socket.destroy();
  }, closeTimeoutMs);
  await closed;
  clearTimeout(timer);
  if (failure !== undefined) throw failure;
}
