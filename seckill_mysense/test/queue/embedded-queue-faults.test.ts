import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { embeddedQueue } from "../../src/queue/embedded-queue.ts";
import { QueueUnavailable } from "../../src/queue/queue-errors.ts";
import { startProcess, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { collect, idsOf, reservation, reservations } from "../contract/queue/queue-fixtures.ts";

const folder = temporaryFolder("test-queue-faults");
const newFile = (): string => join(folder, `${randomUUID()}.sqlite`);
const script = (name: string): [string, string] => [process.execPath, join(import.meta.dir, name)];

test("The embedded queue has every confirmed message after its process was killed while publishing", async () => {
  const file = newFile();
  const child = await startProcess({ cmd: [...script("publish-without-end.ts"), file], readyWhen: "confirmed 500" });
  await child.kill("SIGKILL");
  const confirmed = [...child.stdout().matchAll(/^confirmed (\d+)$/gm)].map(([, n]) => `reservation-${n}`);
  expect(confirmed.length).toBeGreaterThan(400);
  const queue = embeddedQueue({ file });
  const { ready } = await queue.depth();
  const consumer = await collect(queue, undefined, { maxBatch: 1_000 });
  await consumer.untilCount(ready);
  await queue.close();
  const delivered = new Set(idsOf(consumer.deliveries));
  expect(confirmed.filter((id) => !delivered.has(id))).toEqual([]);
  expect(delivered.size).toBe(ready);
}, 60_000);

test("The embedded queue delivers again what a killed process had in hand", async () => {
  const file = newFile();
  const before = embeddedQueue({ file });
  await before.publish(reservations(3));
  await before.close();
  const child = await startProcess({
    cmd: [...script("consume-and-die.ts"), file, "hang"],
    readyWhen: "in hand 3 first",
  });
  await child.kill("SIGKILL");
  const queue = embeddedQueue({ file });
  const consumer = await collect(queue);
  await consumer.untilCount(3);
  await queue.close();
  expect(consumer.deliveries.map((delivery) => delivery.reservation!)).toEqual(reservations(3));
  expect(consumer.deliveries.every((delivery) => delivery.redelivered)).toBe(true);
}, 60_000);

test("The embedded queue puts a message aside that kills its consumer again and again", async () => {
  const file = newFile();
  const before = embeddedQueue({ file });
  await before.publish([reservation(1)]);
  await before.close();
  for (const which of ["first", "again", "again"]) {
    const child = await startProcess({ cmd: [...script("consume-and-die.ts"), file, "exit"] });
    await child.exited;
    expect(child.stdout()).toBe(`in hand 1 ${which}\n`);
  }
  const queue = embeddedQueue({ file, deliveryLimit: 2 });
  await queue.publish([reservation(2)]);
  const consumer = await collect(queue);
  await consumer.untilCount(1);
  expect(idsOf(consumer.deliveries)).toEqual(["reservation-2"]);
  await consumer.stop();
  expect(await queue.depth()).toEqual({ ready: 0, deadLettered: 1 });
  await queue.close();
}, 60_000);

test("The embedded queue does not count a delivery that a stop broke off", async () => {
  const queue = embeddedQueue({ file: newFile(), deliveryLimit: 1 });
  await queue.publish([reservation(1)]);
  for (let i = 0; i < 4; i++) {
    let tries = 0;
    const consumption = await queue.consume(
      async () => {
        tries += 1;
        throw new Error("the ledger is away");
      },
      { maxBatch: 1, maxWaitMs: 0 },
    );
    await waitUntil(() => tries > 0, { what: "a try", timeoutMs: 10_000 });
    await consumption.stop();
  }
  const consumer = await collect(queue);
  await consumer.untilCount(1);
  await queue.close();
}, 60_000);

test("The embedded queue refuses a file that another queue has open, by name", async () => {
  const file = newFile();
  const queue = embeddedQueue({ file });
  expect(() => embeddedQueue({ file })).toThrow(QueueUnavailable);
  expect(() => embeddedQueue({ file })).toThrow(`${file}: it is in use by another queue or process`);
  await queue.publish([reservation(1)]);
  await queue.close();
  await embeddedQueue({ file }).close();
});

test("The embedded queue refuses a foreign file, and leaves it as it is", async () => {
  const text = newFile();
  writeFileSync(text, "These are the notes of somebody else.".repeat(100));
  expect(() => embeddedQueue({ file: text })).toThrow(`cannot open the queue's file ${text}: file is not a database`);
  expect(await Bun.file(text).text()).toStartWith("These are the notes");

  const newer = newFile();
  const database = new Database(newer);
  database.run("PRAGMA user_version = 7");
  database.close();
  expect(() => embeddedQueue({ file: newer })).toThrow("has version 7, but this program knows version 1");
});
