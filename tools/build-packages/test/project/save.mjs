import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { startServer } from "my-redis";

/** Saves a key in a snapshot and in a rewritten log, and prints what servers read that start on each of them. */
const dir = mkdtempSync(join(process.env.SAVE_FOLDER ?? tmpdir(), "save-"));

/** The reply to one command, as the server sends it. */
async function ask(server, command) {
  const socket = connect(server.port, server.host);
  socket.end(`${command}\r\nQUIT\r\n`);
  let reply = "";
  socket.on("data", (chunk) => (reply += chunk));
  await once(socket, "close");
  return reply;
}

const busy = /(rdb_bgsave|aof_rewrite)_(in_progress|scheduled):1/;
const good = /rdb_last_bgsave_status:ok[\s\S]*aof_last_bgrewrite_status:ok/;

async function saved(server) {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const info = await ask(server, "INFO persistence");
    if (!busy.test(info)) return good.test(info);
    if (Date.now() > deadline) throw new Error(`saving does not end:\n${info}`);
    await setTimeout(10);
  }
}

const answers = [];
const server = await startServer({ port: 0, dir, appendonly: true, keepProcessAlive: true });
await ask(server, "SET key value");
answers.push((await ask(server, "BGSAVE")).split("\r\n")[0], await saved(server));
answers.push((await ask(server, "BGREWRITEAOF")).split("\r\n")[0], await saved(server));
await server.close();
for (const appendonly of [true, false]) {
  const next = await startServer({ port: 0, dir, appendonly, keepProcessAlive: true });
  answers.push((await ask(next, "GET key")).split("\r\n")[1]);
  await next.close();
}
console.log(JSON.stringify(answers));
