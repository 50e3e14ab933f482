import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { requireService, startRedisServer, type Service, waitUntil } from "../../../tools/test-services/index.ts";
import { gateServerKinds, type GateTestServer } from "../contract/gate/gate-servers.ts";
import { FaultyShop, type Purchase } from "./faulty-shop.ts";

const timeoutMs = 120_000;

for (const kind of gateServerKinds) {
  for (const mysql of [false, true]) {
    const skip = `${kind.skipReason}${mysql ? requireService("mariadb").reason : ""}`;
    const name = `on ${kind.name} and ${mysql ? "MariaDB" : "SQLite"}${skip}`;

    describe.skipIf(skip !== "")(`a gate that falls back within its epoch, ${name}`, () => {
      let server: GateTestServer;
      let shop: FaultyShop;

      beforeEach(async () => {
        server = await kind.start();
        const gateUrl = `redis://${server.host}:${server.port}`;
        shop = await FaultyShop.open({ gateUrl, products: { lamp: 5, radio: 5 }, mysql });
        await shop.start();
        await Promise.all(["lamp", "radio"].map((id) => shop.untilOpen(id)));
      }, timeoutMs);
      afterEach(async () => {
        await shop.close();
        await server.stop();
      }, timeoutMs);

      /** Sells, and brings everything into the ledger. */
      async function sell(productId: string, count: number): Promise<Purchase[]> {
        const purchases = await shop.buy(productId, count);
        expect(purchases.map(({ status }) => status)).toEqual(Array.from({ length: count }, () => 202));
        await shop.untilTold(purchases, "won");
        return purchases;
      }

      test(
        "is found after a restart from an older snapshot, and rebuilt: no unit is lost and none is sold twice",
        async () => {
          const first = await sell("lamp", 5);
          await waitUntil(async () => (await shop.redis.dbsize()) > 0, { what: "keys", timeoutMs: 5_000 });
          await shop.redis.save();
          for (const { buyer, reservation } of first) {
            expect((await buyer.send("POST", `/api/orders/${reservation}/cancel`)).status).toBe(200);
          }
          await shop.untilReturned();
          const radios = await sell("radio", 5);
          await server.crash();
          await server.restart();

          // By the snapshot the lamps are sold out and the radios are all left; by the ledger it is the other way round.
          const again = await sell("lamp", 5);
          const late = await shop.buy("radio", 3);
          expect(late.map(({ status }) => status)).toEqual([410, 410, 410]);
          await shop.untilTold([...radios, ...again], "won");
          expect(shop.logged("a gate has lost data")).toBe(2);
          expect(shop.logged("the gate was rebuilt from the ledger")).toBe(2);
          const report = await shop.verify();
          expect(report).toContain("product lamp: total 5, reserved 5, sold 0, at the gate 0");
          expect(report).toContain("product radio: total 5, reserved 5, sold 0, at the gate 0");
        },
        timeoutMs,
      );

      test(
        "of the same product is found too, and buyers who held units before and after are told the truth",
        async () => {
          const first = await sell("lamp", 5);
          await shop.redis.save();
          for (const { buyer, reservation } of first) await buyer.send("POST", `/api/orders/${reservation}/cancel`);
          await shop.untilReturned();
          const second = await sell("lamp", 5);
          await server.crash();
          await server.restart();
          await shop.untilTold(first, "cancelled");
          await shop.untilTold(second, "won");
          // The holders are those of the ledger: the second may not buy again, the first asks with a spent token.
          expect(await Promise.all([...second, ...first].map((purchase) => shop.ask(purchase)))).toEqual(
            Array.from({ length: 10 }, () => 200),
          );
          const [given] = second as [Purchase];
          await given.buyer.send("POST", `/api/orders/${given.reservation}/cancel`);
          await shop.untilReturned();
          await sell("lamp", 1);
          await shop.verify();
        },
        timeoutMs,
      );

      test(
        "under load is found and rebuilt, and every buyer who was told 202 gets a final answer",
        async () => {
          const early = await shop.buy("lamp", 2);
          await shop.redis.save();
          await sell("lamp", 2);
          const purchases: Purchase[] = [];
          const crowd = async (): Promise<void> => {
            for (let i = 0; i < 4; i++) purchases.push(...(await shop.buy("radio", 1)), ...(await shop.buy("lamp", 1)));
          };
          const buying = Promise.all([crowd(), crowd(), crowd()]);
          await Bun.sleep(150);
          await server.crash();
          await server.restart();
          await buying;
          const accepted = [...early, ...purchases].filter(({ status }) => status === 202 || status === 200);
          await shop.untilTold(accepted, "won", "rejected", "lost");
          // A gate that sells what is sold already would make the ledger refuse.
          expect((await shop.ledger.audit.auditSale("spring"))!.products[0]!.rejections.oversold).toBe(0);
          await shop.buy("radio", 5);
          await shop.buy("lamp", 5);
          const report = await shop.verify();
          expect(report).toContain("product lamp: total 5, reserved 5, sold 0, at the gate 0");
          expect(report).toContain("product radio: total 5, reserved 5, sold 0, at the gate 0");
        },
        timeoutMs,
      );
    });
  }
}

const redis = requireService("redis");

describe.skipIf(redis.missing)(`a gate on redis-server that comes back with less${redis.reason}`, () => {
  let shop: FaultyShop | undefined;
  const servers: Service[] = [];

  afterEach(async () => {
    await shop?.close();
    for (const server of servers.splice(0)) await server.stop();
  }, timeoutMs);

  test(
    "since the end of its append-only file is cut off, is rebuilt",
    async () => {
      const server = await startRedisServer({ args: ["--appendonly", "yes", "--appendfsync", "always"] });
      servers.push(server);
      shop = await FaultyShop.open({ gateUrl: server.url, products: { lamp: 9 } });
      await shop.start();
      await shop.untilOpen("lamp");
      await shop.untilTold(await shop.buy("lamp", 2), "won");
      const log = join(server.dataDir, "appendonlydir/appendonly.aof.1.incr.aof");
      const kept = join(server.dataDir, "kept.aof");
      copyFileSync(log, kept);
      const later = await shop.buy("lamp", 4);
      await shop.untilTold(later, "won");
      await server.kill("SIGKILL");
      copyFileSync(kept, log);
      await server.restart();
      const rest = await shop.buy("lamp", 5);
      expect(rest.map(({ status }) => status).toSorted()).toEqual([202, 202, 202, 410, 410]);
      await shop.untilTold(later, "won");
      await shop.verify();
    },
    timeoutMs,
  );

  test(
    "since a replica that lagged behind was promoted, is rebuilt",
    async () => {
      const primary = await startRedisServer();
      const replica = await startRedisServer({ args: ["--replicaof", primary.host, String(primary.port)] });
      servers.push(primary, replica);
      // A proxy that can change its target stands for the failover of a managed service.
      using proxy = forward(primary.port);
      shop = await FaultyShop.open({ gateUrl: `redis://127.0.0.1:${proxy.port}`, products: { lamp: 9 } });
      await shop.start();
      await shop.untilOpen("lamp");
      await shop.untilTold(await shop.buy("lamp", 2), "won");
      await Bun.sleep(1_200);
      await replica.kill("SIGSTOP");
      const later = await shop.buy("lamp", 4);
      await shop.untilTold(later, "won");
      await primary.kill("SIGKILL");
      await replica.kill("SIGCONT");
      const client = new Redis(replica.port, replica.host);
      await client.replicaof("NO", "ONE");
      client.disconnect();
      proxy.redirect(replica.port);
      const rest = await shop.buy("lamp", 5);
      expect(rest.map(({ status }) => status).toSorted()).toEqual([202, 202, 202, 410, 410]);
      await shop.untilTold(later, "won");
      await shop.verify();
    },
    timeoutMs,
  );
});

interface Forwarding extends Disposable {
  readonly port: number;
  redirect(port: number): void;
}

/** Passes connections on to a server on this machine; after `redirect` to another one. */
function forward(firstPort: number): Forwarding {
  let target = firstPort;
  const ends = new Map<unknown, { write(data: Uint8Array): unknown; end(): unknown }>();
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      async open(socket) {
        const early: Uint8Array[] = [];
        ends.set(socket, { write: (data) => early.push(Uint8Array.from(data)), end: () => {} });
        const outward = await Bun.connect({
          hostname: "127.0.0.1",
          port: target,
          socket: {
            data: (_, data) => void socket.write(data),
            close: () => void socket.end(),
            error: () => void socket.end(),
          },
        }).catch(() => undefined);
        if (outward === undefined) return void socket.end();
        for (const data of early) outward.write(data);
        ends.set(socket, outward);
      },
      data: (socket, data) => void ends.get(socket)?.write(data),
      close(socket) {
        ends.get(socket)?.end();
        ends.delete(socket);
      },
      error: () => {},
    },
  });
  return {
    port: listener.port,
    redirect(port) {
      target = port;
      for (const [socket] of ends) (socket as { end(): void }).end();
    },
    [Symbol.dispose]: () => listener.stop(true),
  };
}
