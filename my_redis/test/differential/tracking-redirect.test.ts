import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { startOpenServer } from "../../src/start-server.ts";
import { recordExercised } from "./harness/exercised-commands.ts";
import { showReply } from "./harness/reply.ts";
import { RespConnection, type Word } from "./harness/resp-connection.ts";
import { type StartedPair, startPair } from "./harness/start-pair.ts";

const redis = requireService("redis");

/**
 * One server's connections: a client that changes keys, one that reads them, and one that is notified for the reader.
 */
class Scene {
  readonly seen: string[] = [];
  readonly #connections: RespConnection[];

  private constructor(connections: RespConnection[]) {
    this.#connections = connections;
  }

  static async open(port: number): Promise<Scene> {
    return new Scene(await Promise.all([1, 2, 3].map(() => RespConnection.open(port, `port ${port}`))));
  }

  get writer(): RespConnection {
    return this.#connections[0] as RespConnection;
  }

  get reader(): RespConnection {
    return this.#connections[1] as RespConnection;
  }

  get listener(): RespConnection {
    return this.#connections[2] as RespConnection;
  }

  /** Sends a request, and records the reply without client ids. */
  async ask(connection: RespConnection, ...command: Word[]): Promise<void> {
    recordExercised(command);
    this.seen.push(
      showReply(await connection.reply(...command)).replaceAll(/\b(id|redir)=\d+|:\d{1,4}\b/g, "$1<number>"),
    );
  }

  /** Reads a push, or the message of a subscription. */
  async hear(connection: RespConnection): Promise<void> {
    this.seen.push(showReply(await connection.next()).replaceAll(/:\d{1,4}\b/g, "<number>"));
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }
}

describe.skipIf(redis.missing)(`invalidation messages are redirected as by redis-server${redis.reason}`, () => {
  let pair: StartedPair;

  beforeAll(async () => {
    pair = await startPair();
  });

  afterAll(() => pair.close());

  async function expectSameOnBoth(run: (scene: Scene) => Promise<void>): Promise<void> {
    const [ours, theirs] = await pair.onBoth(async (port) => {
      const scene = await Scene.open(port);
      await scene.writer.reply("FLUSHALL");
      await run(scene);
      scene.close();
      return scene.seen;
    });
    expect(ours).toEqual(theirs);
  }

  for (const protocol of ["2", "3"]) {
    test(`to a client with RESP${protocol}, as the reader`, () =>
      expectSameOnBoth(async (scene) => {
        const { writer, reader, listener } = scene;
        const id = (await listener.reply("CLIENT", "ID")).text as string;
        await listener.reply("HELLO", protocol);
        await reader.reply("HELLO", protocol);
        await scene.ask(reader, "CLIENT", "TRACKING", "ON", "REDIRECT", id);
        await scene.ask(reader, "CLIENT", "GETREDIR");
        await scene.ask(reader, "CLIENT", "TRACKINGINFO");
        await scene.ask(listener, "SUBSCRIBE", "__redis__:invalidate");
        await scene.ask(reader, "MGET", "a", "b");
        await scene.ask(writer, "SET", "a", "1");
        await scene.hear(listener);
        await scene.ask(reader, "SET", "b", "1");
        await scene.hear(listener);
        await scene.ask(writer, "FLUSHALL");
        await scene.hear(listener);
        await scene.ask(reader, "CLIENT", "TRACKING", "OFF");
      }));
  }

  test("until the other client is gone, of which the reader is notified", () =>
    expectSameOnBoth(async (scene) => {
      const { writer, reader, listener } = scene;
      const id = (await listener.reply("CLIENT", "ID")).text as string;
      await reader.reply("HELLO", "3");
      await scene.ask(reader, "CLIENT", "TRACKING", "ON", "REDIRECT", id);
      await scene.ask(reader, "GET", "a");
      await writer.reply("CLIENT", "KILL", "ID", id);
      while ((await writer.reply("CLIENT", "LIST", "ID", id)).text?.includes("id=") === true) await Bun.sleep(1);
      await scene.ask(writer, "SET", "a", "1");
      await scene.hear(reader);
      await scene.ask(reader, "CLIENT", "TRACKINGINFO");
    }));

  test("and INFO counts clients, keys, readers and prefixes", () =>
    expectSameOnBoth(async (scene) => {
      const { writer, reader, listener } = scene;
      const counts = async (): Promise<void> => {
        const { text } = await writer.reply("INFO", "everything");
        scene.seen.push(
          [...(text ?? "").matchAll(/^tracking_\w+:\d+/gm)]
            .map(([line]) => line)
            .sort()
            .join(" "),
        );
      };
      await reader.reply("CLIENT", "TRACKING", "ON");
      await listener.reply("CLIENT", "TRACKING", "ON");
      await reader.reply("MGET", "a", "b", "c");
      await listener.reply("MGET", "b", "c", "d");
      await counts();
      await writer.reply("SET", "b", "1");
      await counts();
      await listener.reply("CLIENT", "TRACKING", "OFF");
      await listener.reply("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "x", "PREFIX", "y");
      await counts();
      await writer.reply("FLUSHALL");
      await counts();
    }));
});

test("beyond tracking-table-max-keys, the key that was read first is reported as changed", async () => {
  const running = await startOpenServer({ port: 0, bind: ["127.0.0.1"], memory: true, "tracking-table-max-keys": 2 });
  const reader = await RespConnection.open(running.port, "MyRedis");
  await reader.reply("HELLO", "3");
  await reader.reply("CLIENT", "TRACKING", "ON");
  for (const key of ["a", "b", "c"]) await reader.reply("GET", key);
  expect(showReply(await reader.next())).toBe('>[$"invalidate" *[$"a"]]');
  expect(running.server.observers.tracking.totals).toEqual({ keys: 2, items: 2, prefixes: 0 });
  reader.close();
  while (running.server.observers.tracking.clientCount > 0) await Bun.sleep(1);
  expect(running.server.observers.tracking.totals).toEqual({ keys: 0, items: 0, prefixes: 0 });
  expect(running.server.keyspace.observed).toBe(false);
  await running.close();
});

test("when tracking-table-max-keys shrinks, keys beyond it are reported as changed", async () => {
  const running = await startOpenServer({ port: 0, bind: ["127.0.0.1"], memory: true });
  const reader = await RespConnection.open(running.port, "MyRedis");
  await reader.reply("HELLO", "3");
  await reader.reply("CLIENT", "TRACKING", "ON");
  for (const key of ["a", "b", "c"]) await reader.reply("GET", key);
  const other = await RespConnection.open(running.port, "MyRedis");
  await other.reply("CONFIG", "SET", "tracking-table-max-keys", "1");
  expect(running.server.observers.tracking.totals).toEqual({ keys: 1, items: 1, prefixes: 0 });
  expect(showReply(await reader.next())).toBe('>[$"invalidate" *[$"a"]]');
  expect(showReply(await reader.next())).toBe('>[$"invalidate" *[$"b"]]');
  reader.close();
  other.close();
  await running.close();
});
