import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { embeddedQueue } from "../../src/queue/embedded-queue.ts";
import { encodeReservation } from "../../src/queue/reservation-codec.ts";
import { QueueUnavailable } from "../../src/queue/queue-errors.ts";
import { startProcess, temporaryFolder } from "../../../tools/test-services/index.ts";
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
  const consumer = await collect(queue, { maxBatch: 1_000 });
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
    readyWhen: "in hand 3",
  });
  await child.kill("SIGKILL");
  const queue = embeddedQueue({ file });
  const consumer = await collect(queue);
  await consumer.untilCount(3);
  await queue.close();
  expect(consumer.deliveries.map((delivery) => delivery.reservation!)).toEqual(reservations(3));
}, 60_000);

test("The embedded queue keeps a message whose consumer is killed again and again", async () => {
  const file = newFile();
  const before = embeddedQueue({ file });
  await before.publish([reservation(1)]);
  await before.close();
  for (let kills = 0; kills < 25; kills++) {
    const child = await startProcess({ cmd: [...script("consume-and-die.ts"), file, "exit"] });
    await child.exited;
    expect(child.stdout()).toBe("in hand 1\n");
  }
  const queue = embeddedQueue({ file });
  const consumer = await collect(queue);
  await consumer.untilCount(1);
  await queue.close();
}, 60_000);

test("The embedded queue delivers again what an earlier version of it had put aside", async () => {
  const file = newFile();
  const database = new Database(file);
  database.run(`
    CREATE TABLE message (
      id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL, deliveries INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE dead_letter (id INTEGER PRIMARY KEY, body BLOB NOT NULL, deliveries INTEGER NOT NULL);
    PRAGMA user_version = 1;
  `);
  database.run("INSERT INTO message (body) VALUES (?)", [encodeReservation(reservation(2))]);
  database.run("INSERT INTO dead_letter VALUES (1, ?, 21)", [encodeReservation(reservation(1))]);
  database.close();
  const queue = embeddedQueue({ file });
  expect(await queue.depth()).toEqual({ ready: 2, unacknowledged: 0 });
  const consumer = await collect(queue);
  await consumer.untilCount(2);
  await queue.close();
  expect(idsOf(consumer.deliveries).toSorted()).toEqual(["reservation-1", "reservation-2"]);
});

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
  expect(() => embeddedQueue({ file: newer })).toThrow("has version 7, but this program knows versions up to 2");
});
