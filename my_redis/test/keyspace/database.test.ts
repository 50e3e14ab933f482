import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Database, keepExpiry, noExpiry } from "../../src/keyspace/database.ts";
import type { Address } from "../../src/memory/heap.ts";
import type { ObjectValue } from "../../src/memory/object-table.ts";
import * as record from "../../src/memory/record.ts";
import { newKeyspace } from "./new-keyspace.ts";

/** A large value for tests, which contains only its name. */
class NamedObject implements ObjectValue {
  static alive = 0;
  readonly size = 1;
  readonly memoryBytes = 0;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
    NamedObject.alive++;
  }

  copy(): NamedObject {
    return new NamedObject(this.name);
  }

  release(): boolean {
    NamedObject.alive--;
    return true;
  }
}

interface Entry {
  /** A string's bytes, or "object:" and its name. */
  value: string;
  expiryMs: number;
}
type Model = Map<string, Entry>;

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
const lifetime = fc.constantFrom(noExpiry, keepExpiry, 5, 50, 500);
const key = fc.constantFrom("", "a", "b", "longer key", "k".repeat(300));
const value = fc.oneof(
  fc.constantFrom("", "v", "text", "x".repeat(50)),
  fc.integer({ min: 0, max: 3000 }).map((length) => "0123456789".repeat(length / 10 + 1).slice(0, length)),
);
const length = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 100_000 }));
const number = fc.constantFrom(0, 1);

type Run = (scene: Scene) => void;
const step: fc.Arbitrary<Run> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(number, key, value, lifetime).map((args) => (scene: Scene) => scene.setString(...args)),
  },
  { weight: 2, arbitrary: fc.tuple(number, key).map((args) => (scene: Scene) => scene.setObject(...args)) },
  { weight: 2, arbitrary: fc.tuple(number, key).map((args) => (scene: Scene) => scene.becomeObject(...args)) },
  { weight: 3, arbitrary: fc.tuple(number, key).map((args) => (scene: Scene) => scene.remove(...args)) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(number, key, fc.constantFrom(5, 50, 500))
      .map((args) => (scene: Scene) => scene.setExpiry(...args)),
  },
  { weight: 2, arbitrary: fc.tuple(number, key).map((args) => (scene: Scene) => scene.removeExpiry(...args)) },
  {
    weight: 3,
    arbitrary: fc.tuple(number, key, length, fc.boolean()).map((args) => (scene: Scene) => scene.resize(...args)),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(number, key, number, key, fc.constantFrom("copyValue", "moveValue"))
      .map((args) => (scene: Scene) => scene.transfer(...(args as [number, string, number, string, "copyValue"]))),
  },
  { weight: 2, arbitrary: key.map((name) => (scene: Scene) => scene.handOver(name)) },
  { weight: 2, arbitrary: fc.constantFrom(1, 10, 100).map((ms) => (scene: Scene) => scene.pass(ms)) },
  { weight: 1, arbitrary: fc.constant((scene: Scene) => scene.swap()) },
  { weight: 1, arbitrary: number.map((at) => (scene: Scene) => scene.flush(at)) },
);

/** Two databases beside two Maps with the same content. */
class Scene {
  now = 1_000_000;
  readonly expired: string[] = [];
  readonly keyspace = newKeyspace({ nowMs: () => this.now });
  readonly models: [Model, Model] = [new Map(), new Map()];

  database(at: number): Database {
    return this.keyspace.database(at);
  }

  find(at: number, name: string): Address {
    this.forgetExpired(at);
    return this.database(at).find(bytes(name), 0, name.length);
  }

  model(at: number): Model {
    return this.models[at] as Model;
  }

  setString(at: number, name: string, text: string, lifetimeMs: number): void {
    const before = this.find(at, name) === 0 ? undefined : this.model(at).get(name);
    const expiryMs = lifetimeMs < 0 ? lifetimeMs : this.now + lifetimeMs;
    this.database(at).setString(
      bytes(name),
      0,
      name.length,
      bytes(text),
      0,
      text.length,
      record.encoding.raw,
      expiryMs,
    );
    this.model(at).set(name, {
      value: text,
      expiryMs: expiryMs === keepExpiry ? (before?.expiryMs ?? noExpiry) : expiryMs,
    });
  }

  setObject(at: number, name: string): void {
    if (this.find(at, name) !== 0) return;
    this.database(at).createObject(bytes(name), 0, name.length, record.valueType.hash, new NamedObject(`of ${name}`));
    this.model(at).set(name, { value: `object:of ${name}`, expiryMs: noExpiry });
  }

  becomeObject(at: number, name: string): void {
    const address = this.find(at, name);
    if (address === 0 || this.isObject(address)) return;
    this.database(at).becomeObject(address, new NamedObject(`was ${name}`));
    (this.model(at).get(name) as Entry).value = `object:was ${name}`;
  }

  remove(at: number, name: string): void {
    const address = this.find(at, name);
    if (address !== 0) this.database(at).remove(address);
    this.model(at).delete(name);
  }

  setExpiry(at: number, name: string, lifetimeMs: number): void {
    const address = this.find(at, name);
    if (address === 0) return;
    this.database(at).setExpiry(address, this.now + lifetimeMs);
    (this.model(at).get(name) as Entry).expiryMs = this.now + lifetimeMs;
  }

  removeExpiry(at: number, name: string): void {
    const address = this.find(at, name);
    if (address === 0 || !record.hasExpiry(this.keyspace.heap, address)) return;
    this.database(at).removeExpiry(address);
    (this.model(at).get(name) as Entry).expiryMs = noExpiry;
  }

  resize(at: number, name: string, wanted: number, grow: boolean): void {
    const address = this.find(at, name);
    if (address === 0 || this.isObject(address)) return;
    const { heap } = this.keyspace;
    const before = record.valueLengthOf(heap, address);
    const moved = grow ? this.database(at).growValue(address, wanted) : this.database(at).resizeValue(address, wanted);
    expect(record.valueLengthOf(heap, moved)).toBe(wanted);
    const start = record.valueStartOf(heap, moved);
    if (wanted > before) record.bytesOf(heap, moved).fill(46, start + before, start + wanted);
    const entry = this.model(at).get(name) as Entry;
    entry.value = entry.value.slice(0, wanted).padEnd(wanted, ".");
  }

  transfer(from: number, name: string, to: number, target: string, how: "copyValue" | "moveValue"): void {
    const address = this.find(from, name);
    if (address === 0 || this.find(to, target) !== 0) return;
    this.database(from)[how](address, this.database(to), bytes(target), 0, target.length);
    const entry = this.model(from).get(name) as Entry;
    if (how === "moveValue") this.model(from).delete(name);
    this.model(to).set(target, { ...entry });
  }

  /** MOVE does the same: the record itself moves to the other database. */
  handOver(name: string): void {
    const address = this.find(0, name);
    if (address === 0 || this.find(1, name) !== 0) return;
    this.database(0).detach(address);
    this.database(1).attach(address);
    this.model(1).set(name, this.model(0).get(name) as Entry);
    this.model(0).delete(name);
  }

  pass(ms: number): void {
    this.now += ms;
  }

  swap(): void {
    this.keyspace.swap(this.database(0), this.database(1));
    this.models.reverse();
  }

  flush(at: number): void {
    this.keyspace.flush([this.database(at)]);
    this.model(at).clear();
  }

  isObject(address: Address): boolean {
    return record.encodingOf(this.keyspace.heap, address) >= record.encoding.object;
  }

  forgetExpired(at: number): void {
    for (const [name, { expiryMs }] of this.model(at)) {
      if (expiryMs !== noExpiry && expiryMs <= this.now) this.model(at).delete(name);
    }
  }

  check(): void {
    const { heap } = this.keyspace;
    for (const at of [0, 1]) {
      const database = this.database(at);
      const found = new Map<string, Entry>();
      const addresses: Address[] = [];
      database.keys.forEach((address) => addresses.push(address));
      for (const address of addresses) {
        const name = Buffer.from(database.keyOf(address)).toString("latin1");
        if (database.find(bytes(name), 0, name.length) === 0) continue;
        const start = record.valueStartOf(heap, address);
        const text = record.bytesOf(heap, address).subarray(start, start + record.valueLengthOf(heap, address));
        found.set(name, {
          value: this.isObject(address)
            ? `object:${(database.objectOf(address) as NamedObject).name}`
            : Buffer.from(text).toString("latin1"),
          expiryMs: record.hasExpiry(heap, address) ? record.expiryOf(heap, address) : noExpiry,
        });
      }
      this.forgetExpired(at);
      expect(found).toEqual(this.model(at));
      expect(database.size).toBe(found.size);
      expect(database.expires.size).toBe([...found.values()].filter((entry) => entry.expiryMs !== noExpiry).length);
    }
  }
}

describe("Database", () => {
  test("has the content of a Map, whatever is set, moved, copied, resized, expired, swapped and flushed", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
        const scene = new Scene();
        const aliveBefore = NamedObject.alive;
        for (const run of steps) run(scene);
        scene.check();
        scene.keyspace.flush(scene.keyspace.databases);
        scene.keyspace.releaseSome(() => false);
        expect(scene.keyspace.heap.usedBytes).toBe(0);
        expect(NamedObject.alive).toBe(aliveBefore);
      }),
      { numRuns: 300 },
    );
  });

  test("deletes an expired key once, and notifies of it", () => {
    const scene = new Scene();
    const told: string[] = [];
    scene.keyspace.onExpired = (database, name, start, end) =>
      told.push(`${database} ${Buffer.from(name.subarray(start, end)).toString()}`);
    scene.setString(1, "a", "v", 5);
    scene.now += 4;
    expect(scene.find(1, "a")).not.toBe(0);
    scene.now += 1;
    expect(scene.find(1, "a")).toBe(0);
    expect(scene.find(1, "a")).toBe(0);
    expect(told).toEqual(["1 a"]);
    expect(scene.keyspace.statistics.expired).toBe(1);
  });

  test("keeps expired keys while a log is loaded", () => {
    const scene = new Scene();
    scene.keyspace.expires = false;
    scene.setString(0, "a", "v", 5);
    scene.now += 1000;
    expect(scene.database(0).find(bytes("a"), 0, 1)).not.toBe(0);
  });

  test("appending in small steps copies a value only rarely", () => {
    const scene = new Scene();
    scene.setString(0, "a", "", noExpiry);
    let address = scene.find(0, "a");
    let moves = 0;
    for (let length = 1; length <= 300_000; length += 30) {
      const moved = scene.database(0).growValue(address, length);
      if (moved !== address) moves++;
      address = moved;
    }
    expect(moves).toBeLessThan(40);
  });

  test("a value that shrinks gives its memory back", () => {
    const scene = new Scene();
    scene.setString(0, "a", "x".repeat(1_000_000), noExpiry);
    scene.database(0).resizeValue(scene.find(0, "a"), 10);
    expect(scene.keyspace.heap.usedBytes).toBeLessThan(100);
  });
});
