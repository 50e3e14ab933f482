import { cpSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { type RunningServer, startServer, type StartOptions } from "../../index.ts";
import { RespConnection, type Word } from "../differential/harness/resp-connection.ts";

export const manifestName = "appendonly.aof.manifest";
export const logFolderOf = (dir: string): string => join(dir, "appendonlydir");

export const startOn = (dir: string, options: StartOptions = {}): Promise<RunningServer> =>
  startServer({ port: 0, appendonly: true, dir, "auto-aof-rewrite-percentage": 0, ...options });

/** Sends commands to a server, each in a turn of its own, and returns the last reply as text. */
export async function ask(server: { readonly port: number }, ...commands: (readonly Word[])[]): Promise<string> {
  const connection = await RespConnection.open(server.port, "the server");
  let text = "";
  for (const command of commands) {
    const reply = await connection.reply(...command);
    text =
      reply.items === undefined || reply.items === null
        ? String(reply.text)
        : reply.items.map((item) => item.text ?? "-").join(" ");
  }
  connection.close();
  return text;
}

/** A folder with a log that a server has written and closed: n counts the writes. `rewrites` of them begin a new base. */
export async function writtenLog(options: StartOptions = {}, rewrite = true): Promise<string> {
  const dir = temporaryFolder("log");
  const server = await startOn(dir, options);
  await ask(server, ["INCR", "n"]);
  if (rewrite) {
    await ask(server, ["BGREWRITEAOF"]);
    await waitUntil(async () => (await ask(server, ["INFO", "persistence"])).includes("aof_rewrites:1\r\n"), {
      what: "the rewrite",
      timeoutMs: 10_000,
    });
  }
  await ask(server, ["INCR", "n"], ["INCR", "n"]);
  await server.close();
  return dir;
}

export function copyOf(dir: string): string {
  const copy = temporaryFolder("log");
  cpSync(dir, copy, { recursive: true });
  return copy;
}

/** Every file below a folder, except locks, with its content. */
export function filesIn(dir: string): Record<string, string> {
  const files = readdirSync(dir, { recursive: true, encoding: "utf8" })
    .filter((name) => !name.endsWith("lock") && statSync(join(dir, name)).isFile())
    .sort();
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(dir, name), "latin1")]));
}
