import { describe, expect, test } from "bun:test";
import type { Keyspace } from "../../src/keyspace/keyspace.ts";
import type { ObjectValue } from "../../src/memory/object-table.ts";
import { RecordTable } from "../../src/memory/record-table.ts";
import * as record from "../../src/memory/record.ts";
import { newKeyspace } from "./new-keyspace.ts";

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
const never = (): boolean => false;

/** A hash of `fields` fields at this key. */
function addTable(keyspace: Keyspace, key: string, fields: number): void {
  const table = new RecordTable(keyspace.heap, keyspace.hasher);
  for (let number = 0; number < fields; number++) {
    const field = bytes(`field:${number}`);
    table.set(field, 0, field.length, field, 0, field.length);
  }
  keyspace.database(0).createObject(bytes(key), 0, key.length, record.valueType.hash, table);
}

describe("a value without a key", () => {
  test("is freed to the last byte after a flush of large values", () => {
    const keyspace = newKeyspace();
    for (let number = 0; number < 700; number++) addTable(keyspace, `hash:${number}`, 600);
    expect(keyspace.heap.usedBytes).toBeGreaterThan(5_000_000);
    keyspace.flush([keyspace.database(0)]);
    keyspace.releaseSome(never);
    expect(keyspace.pendingReleases).toBe(0);
    expect(keyspace.heap.usedBytes).toBe(0);
  });

  test("is freed in short steps, also when a flushed database holds many large values", () => {
    const keyspace = newKeyspace();
    for (let number = 0; number < 400; number++) addTable(keyspace, `hash:${number}`, 600);
    const before = keyspace.heap.usedBytes;
    keyspace.flush([keyspace.database(0)]);
    // One step may free some hundreds of elements, and a large value counts as all its elements.
    expect(before - keyspace.heap.usedBytes).toBeLessThan(before / 10);
    let most = 0;
    while (keyspace.pendingReleases > 0) {
      const used = keyspace.heap.usedBytes;
      let steps = 0;
      keyspace.releaseSome(() => steps++ > 0);
      most = Math.max(most, used - keyspace.heap.usedBytes);
    }
    expect(most).toBeLessThan(before / 10);
    expect(keyspace.heap.usedBytes).toBe(0);
  });

  test("stays intact when there is no memory for the string that should replace it", () => {
    const keyspace = newKeyspace();
    const database = keyspace.database(0);
    addTable(keyspace, "key", 10);
    const value = new Uint8Array(8);
    const { heap } = keyspace;
    const allocate = heap.allocate.bind(heap);
    heap.allocate = () => {
      throw new RangeError("out of memory");
    };
    expect(() => database.setString(bytes("key"), 0, 3, value, 0, 2 ** 30, record.encoding.raw, -1)).toThrow(
      RangeError,
    );
    heap.allocate = allocate;
    const address = database.find(bytes("key"), 0, 3);
    expect((database.objectOf(address) as ObjectValue & { size: number }).size).toBe(10);
  });
});
