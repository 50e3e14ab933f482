import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  freePort,
  requireService,
  type StartedProcess,
  startProcess,
  startRedisServer,
  temporaryFolder,
  waitUntil,
} from "../../../tools/test-services/index.ts";
import { mainFile } from "../crash/my-redis-process.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";
import { showReply } from "../differential/harness/reply.ts";

const redis = requireService("redis");
const guide = readFileSync(join(import.meta.dir, "../../../docs/migration.md"), "utf8");
const writers = 8;
const keys = 5000;
const open: { stop(): Promise<unknown> }[] = [];

afterAll(async () => {
  for (const each of open.splice(0).toReversed()) await each.stop();
});

/** The commands below this heading of the guide, with the ports of this test. */
function commandsOf(heading: string, ports: Record<"6379" | "6380", number>): string[] {
  const [, section = ""] = guide.split(`\n## ${heading}\n`);
  const blocks = section.split("\n## ", 1)[0]?.matchAll(/```sh\n([\s\S]*?)```/g) ?? [];
  const commands = [...blocks].map(([, block = ""]) =>
    block.replaceAll(/6379|6380/g, (port) => `${ports[port as "6379"]}`),
  );
  if (commands.length === 0) throw new Error(`docs/migration.md has no commands below "${heading}"`);
  return commands;
}

/** Runs commands in the shell. One that fails is an error, and so is an error reply. */
async function run(commands: string): Promise<string> {
  const shell = Bun.spawn(["bash", "-eo", "pipefail", "-c", commands], { stdout: "pipe", stderr: "pipe" });
  const [output, errors] = await Promise.all([new Response(shell.stdout).text(), new Response(shell.stderr).text()]);
  expect({ code: await shell.exited, commands, output, errors }).toMatchObject({ code: 0, errors: "" });
  expect(output).not.toMatch(/^(?:ERR|NOAUTH|READONLY)/m);
  return output;
}

/**
 * A client that counts up, without a pause. It goes to the other server after READONLY, and for a moment both may answer
 * that. A reply other than the next number
 * is a write that was lost, or one that was done twice.
 */
class CheckedWriter {
  count = 0;
  moves = 0;
  /** The longest time from one acknowledged write to the next, in milliseconds, since it was last asked for. */
  #longestMs = 0;
  #stopped = false;
  readonly #key: string;
  readonly #ports: readonly number[];
  readonly done: Promise<void>;

  constructor(number: number, ports: readonly number[]) {
    this.#key = `counter:${number}`;
    this.#ports = ports;
    this.done = this.#work();
  }

  async #work(): Promise<void> {
    let ackedAtMs = performance.now();
    while (!this.#stopped) {
      const connection = await RespConnection.open(this.#ports[this.moves % 2] as number, this.#key);
      for (let reply = ""; !this.#stopped && !reply.startsWith("-");) {
        reply = showReply(await connection.reply("INCR", this.#key));
        if (reply.startsWith("-READONLY")) {
          this.moves++;
          continue;
        }
        expect(reply).toBe(`:${++this.count}`);
        this.#longestMs = Math.max(this.#longestMs, performance.now() - ackedAtMs);
        ackedAtMs = performance.now();
      }
      connection.close();
    }
  }

  takeLongestMs(): number {
    const longestMs = this.#longestMs;
    this.#longestMs = 0;
    return longestMs;
  }

  stop(): void {
    this.#stopped = true;
  }
}

async function fill(port: number): Promise<void> {
  const connection = await RespConnection.open(port, "fill");
  const commands = Array.from({ length: keys }, (_, number) => [
    ["SET", `string:${number}`, "x".repeat(100)],
    ["HSET", `hash:${number}`, "field", `${number}`],
    ["RPUSH", `list:${number}`, "a", "b"],
  ]);
  for (const batch of commands) await connection.replies(batch);
  connection.close();
}

async function valuesOf(port: number): Promise<string[]> {
  const connection = await RespConnection.open(port, "values");
  const names = Array.from({ length: writers }, (_, number) => `counter:${number}`);
  const replies = await connection.replies([["DEBUG", "DIGEST"], ...names.map((name) => ["GET", name])]);
  connection.close();
  return replies.map(showReply);
}

describe.skipIf(redis.missing)(`moving from redis-server to MyRedis and back${redis.reason}`, () => {
  test("by the guide, as it stands, while clients write: no write is lost", async () => {
    const source = await startRedisServer({
      args: ["--repl-diskless-sync-delay", "0", "--enable-debug-command", "yes"],
    });
    open.push(source);
    const ports = { "6379": source.port, "6380": await freePort() };
    await fill(source.port);
    const clients = Array.from({ length: writers }, (_, number) => new CheckedWriter(number, Object.values(ports)));
    const step = async (heading: string): Promise<void> => {
      for (const commands of commandsOf(heading, ports)) await run(commands);
      // Until every client has written at the server that is now the primary.
      const before = clients.map(({ count }) => count);
      await waitUntil(() => clients.every(({ count }, index) => count > (before[index] as number) + 100), {
        what: "the clients to go on",
        timeoutMs: 20_000,
      });
      const longestMs = Math.max(...clients.map((client) => client.takeLongestMs()));
      console.log(`${heading}: a client waited ${longestMs.toFixed(0)} ms at most`);
    };
    await step("Before");
    const [start = "", ...rest] = commandsOf("MyRedis follows", ports);
    open.push(await startMyRedisBy(start));
    for (const commands of rest) await run(commands);
    await step("MyRedis takes over");
    expect(clients.map(({ moves }) => moves % 2)).toEqual(clients.map(() => 1));
    await step("Back");
    expect(clients.map(({ moves }) => moves % 2)).toEqual(clients.map(() => 0));
    for (const client of clients) client.stop();
    await Promise.all(clients.map(({ done }) => done));
    const counted = clients.map(({ count }) => `$"${count}"`);
    expect((await valuesOf(source.port)).slice(1)).toEqual(counted);
    await waitUntil(
      async () => {
        const [back, mine] = await Promise.all([valuesOf(ports["6379"]), valuesOf(ports["6380"])]);
        return JSON.stringify(back) === JSON.stringify(mine);
      },
      { what: "equal data", timeoutMs: 10_000 },
    );
    await run(commandsOf("The end", ports).join("\n"));
  }, 90_000);
});

/** The program of the guide is this checkout's, in a folder of its own. */
function startMyRedisBy(command: string): Promise<StartedProcess> {
  const program = `${process.execPath} ${mainFile} --enable-debug-command yes`;
  return startProcess({
    cmd: ["bash", "-c", `exec ${command.replace("my-redis-server", program)}`],
    cwd: temporaryFolder("moving"),
    readyWhen: /Ready to accept connections/,
  });
}
