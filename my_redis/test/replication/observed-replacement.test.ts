import { describe, expect, test } from "bun:test";
import { closedAfterEach, startMyRedis, startServer, untilConnected } from "./replication-servers.ts";

for (const way of ["disabled", "swapdb"]) {
  describe(`what clients of a replica notice of a full synchronisation, with repl-diskless-load ${way}`, () => {
    const started = closedAfterEach();

    test("WATCH: keys that go, and keys that come", async () => {
      const primary = await started(startMyRedis());
      await primary.ask("SET", "new", "1");
      const replica = await started(startMyRedis({ "repl-diskless-load": way }));
      await replica.ask("SET", "old", "1");
      const watched = ["old", "new", "never"];
      const clients = await Promise.all(watched.map(() => replica.connect()));
      for (const [at, client] of clients.entries()) await client.reply("WATCH", watched[at] as string);
      await replica.ask("REPLICAOF", "127.0.0.1", primary.port);
      await untilConnected(replica);
      const ran: boolean[] = [];
      for (const client of clients) {
        await client.reply("MULTI");
        await client.reply("PING");
        ran.push(Array.isArray((await client.reply("EXEC")).items));
        client.close();
      }
      expect(ran).toEqual([false, false, true]);
    }, 60_000);

    for (const kind of ["MyRedis", "redis-server"] as const) {
      test(`notifications of new keys: none, in ${kind}`, async () => {
        const primary = await started(startMyRedis());
        for (let number = 0; number < 5; number++) {
          await primary.ask("SET", `string:${number}`, "1");
          await primary.ask("SADD", `set:${number}`, ...Array.from({ length: 1000 }, (_, member) => `m${member}`));
        }
        const replica = await started(
          startServer(kind, { "repl-diskless-load": way, "notify-keyspace-events": "KEAn" }),
        );
        await replica.ask("SET", "old", "1");
        const client = await replica.connect();
        await client.reply("PSUBSCRIBE", "__key*");
        await replica.ask("REPLICAOF", "127.0.0.1", primary.port);
        await untilConnected(replica);
        // Replies come in order: a notification would come before this one.
        expect((await client.reply("PING")).items?.[0]?.text).toBe("pong");
        client.close();
      }, 60_000);
    }
  });
}
