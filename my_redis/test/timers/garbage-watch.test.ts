import { describe, expect, test } from "bun:test";
import { GarbageWatch } from "../../src/garbage-watch.ts";
import type { Services } from "../../src/dispatch/context.ts";

const mebibyte = 1024 * 1024;

/** A watch over a server whose values the test sets, and the collections that the watch has asked for. */
function watched() {
  const statistics = { netInputBytes: 0 };
  const heap = { reservedBytes: 0 };
  const asked: string[] = [];
  const collectGarbage = (atOnce: boolean): void => void asked.push(atOnce ? "at once" : "in the background");
  const server = { observers: { statistics }, keyspace: { heap }, environment: { collectGarbage } };
  const watch = new GarbageWatch(server as unknown as Services);
  let nowMs = 0;
  const tenth = (inputBytes: number): void => {
    statistics.netInputBytes += inputBytes;
    watch.tick((nowMs += 100));
  };
  return { asked, heap, statistics, tenth, second: (): void => Array.from({ length: 10 }).forEach(() => tenth(0)) };
}

describe("garbage collections", () => {
  test("are asked for in the background after so much input, and then again", () => {
    const { asked, tenth } = watched();
    for (let count = 0; count < 5; count++) tenth(7 * mebibyte);
    expect(asked).toEqual(["in the background"]);
    tenth(0);
    tenth(14 * mebibyte);
    expect(asked).toEqual(["in the background", "in the background"]);
  });

  test("are made once when no client has sent anything for a second", () => {
    const { asked, tenth, second } = watched();
    tenth(mebibyte);
    second();
    tenth(1);
    expect(asked).toEqual([]);
    second();
    second();
    expect(asked).toEqual(["at once"]);
    second();
    expect(asked).toHaveLength(1);
  });

  test("are not made for a little input", () => {
    const { asked, tenth, second } = watched();
    tenth(100_000);
    second();
    second();
    expect(asked).toEqual([]);
  });

  test("are made when the heap has given up segments", () => {
    const { asked, heap, second } = watched();
    heap.reservedBytes = 200 * mebibyte;
    second();
    second();
    expect(asked).toEqual([]);
    heap.reservedBytes = 40 * mebibyte;
    second();
    second();
    expect(asked).toEqual(["at once"]);
  });

  test("continue after the statistics were reset", () => {
    const { asked, statistics, tenth } = watched();
    tenth(40 * mebibyte);
    statistics.netInputBytes = 0;
    tenth(0);
    expect(asked).toEqual(["in the background", "in the background"]);
  });
});
