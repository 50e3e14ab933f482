import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeSync, openSync, closeSync } from "node:fs";
import { join } from "node:path";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { demoProductId } from "../../src/roles/demo-sale.ts";
import { buyerWithToken } from "../fakes/test-buyer.ts";
import { configFolder, startProgram } from "../roles/program.ts";
import { logOf } from "./operations-of.ts";
import { type Asker, toldTo, verifiedAtRest } from "./sale-on-services.ts";

const timeoutMs = 120_000;
const diskBytes = 24 * 1024 * 1024;

/** Mounts a small disk. Undefined where this user may not. */
function smallDisk(path: string): { readonly remove: () => void } | undefined {
  mkdirSync(path, { recursive: true });
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${diskBytes}`, "tmpfs", path]);
  if (mounted.status !== 0) return undefined;
  return { remove: () => void spawnSync("umount", ["-l", path]) };
}

/** Writes until no byte fits any more. */
function fill(file: string): void {
  const descriptor = openSync(file, "w");
  const block = Buffer.alloc(4_096, "x");
  try {
    for (;;) writeSync(descriptor, block);
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOSPC") throw error;
  } finally {
    closeSync(descriptor);
  }
}

const probe = join(configFolder().folder, "probe");
const canMount = smallDisk(probe);
canMount?.remove();
const skipped = canMount === undefined ? ": skipped, because this user may not mount a small disk" : "";

describe.skipIf(canMount === undefined)(`fault 32: a full disk${skipped}`, () => {
  for (const [below, folder] of [
    ["the ledger, the queue and the gate", "data"],
    ["the gate alone", "data/my-redis"],
  ] as const) {
    test(
      `below ${below} loses no reservation that was accepted, and sells on when there is room`,
      async () => {
        const { folder: home, configFile } = configFolder({
          sale: { demo_units: 40 },
          limits: { login_per_address: { rate_per_second: 1_000, burst: 1_000 } },
        });
        const disk = smallDisk(join(home, folder))!;
        try {
          const system = await startProgram(configFile);
          const buyers = await Promise.all(
            Array.from({ length: 30 }, (_, index) => buyerWithToken(system.url, `Buyer ${index}`, demoProductId)),
          );
          const purchases: Asker[] = [];
          const ask = async (index: number): Promise<number> => {
            const [buyer, bearer] = buyers[index]!;
            const { status, body } = await buyer.check(demoProductId, bearer);
            // 200 is the reservation of an earlier try, whose answer was lost on the way.
            if (status === 202 || status === 200) purchases.push({ bearer, status, id: body.reservation });
            return status;
          };
          await waitUntil(async () => (await ask(0)) === 202, { what: "the sale to be open", timeoutMs: 10_000 });
          for (let index = 1; index < 5; index++) await ask(index);
          fill(join(home, folder, "filler"));
          const whileFull: number[] = [];
          for (let index = 5; index < 15; index++) whileFull.push(await ask(index));
          // Nobody is told anything else than "accepted" or "try again".
          expect(whileFull.filter((status) => ![200, 202, 503].includes(status))).toEqual([]);
          await Bun.sleep(1_500);
          rmSync(join(home, folder, "filler"));
          // After a failed write the gate may want a restart: then so does the operator.
          const sells = async (): Promise<boolean> => [200, 202].includes(await ask(20));
          await waitUntil(sells, { what: "the sale to go on", timeoutMs: 15_000 }).catch(() => {});
          await system.process.stop();
          const again = await startProgram(configFile);
          const buysLate = async (): Promise<boolean> => {
            const [buyer, bearer] = await buyerWithToken(again.url, `Late ${Math.random()}`, demoProductId);
            const { status, body } = await buyer.check(demoProductId, bearer);
            if (status === 202) purchases.push({ bearer, status, id: body.reservation });
            return status === 202;
          };
          await waitUntil(buysLate, { what: "the sale to go on after a restart", timeoutMs: 20_000 });
          for (const { bearer, id } of purchases) {
            const url = `${again.url}/api/reservations/${id}?productID=${demoProductId}`;
            const isWon = async (): Promise<boolean> => {
              const answer = await fetch(url, { headers: { authorization: `Bearer ${bearer}` } });
              return ((await answer.json()) as { status?: string }).status === "won";
            };
            await waitUntil(isWon, { what: `${id} to be won`, timeoutMs: 20_000, intervalMs: 200 });
          }
          const messages = logOf(system).map(({ message }) => message);
          expect(messages.filter((message) => message === "a part is down").length).toBeLessThan(20);
          const told = await toldTo(again, purchases);
          await again.process.stop();
          await verifiedAtRest(configFile, told);
        } finally {
          disk.remove();
        }
      },
      timeoutMs,
    );
  }
});
