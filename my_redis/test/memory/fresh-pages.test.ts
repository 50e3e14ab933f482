import { describe, expect, test } from "bun:test";
import { FreshPages, hugePageBytes } from "../../src/memory/fresh-pages.ts";

/** Which parts of a heap ask for huge pages when it is filled in this way; see huge-pages-asked.ts. */
function askedWhen(way: string): unknown {
  const { stdout, stderr } = Bun.spawnSync([process.execPath, `${import.meta.dir}/huge-pages-asked.ts`, way]);
  if (stdout.length === 0) throw new Error(stderr.toString());
  return JSON.parse(stdout.toString());
}

describe.skipIf(process.platform !== "linux")("huge pages", () => {
  test("are asked for while data is loaded", () => {
    expect(askedWhen("loading")).toEqual([true]);
  });

  test("are not asked for while clients are served, who would wait for them", () => {
    expect(askedWhen("serving")).toEqual([false]);
  });

  test("are not asked for by the rest of a segment when the data is loaded, nor after an error", () => {
    expect(askedWhen("loading fails, then serving")).toEqual([true, false]);
  });
});

describe("fresh pages", () => {
  /** A system whose huge pages take as long as `hugeUs` says, one after the other. */
  function systemWith(hugeUs: readonly number[]) {
    const asked: string[] = [];
    const left = [...hugeUs];
    let nowUs = 0;
    let isHuge = false;
    return {
      asked,
      ptr: () => 10 * hugePageBytes + 4096,
      clock: () => nowUs,
      madvise: (address: number, bytes: number, advice: number) => {
        if (advice === 14) isHuge = true;
        else {
          asked.push(`${isHuge ? "huge" : "small"} ${address / hugePageBytes - 10} ${bytes / hugePageBytes}`);
          if (isHuge) nowUs += left.shift() ?? 0;
          isHuge = false;
        }
        return 0;
      },
    };
  }

  test("are huge where a whole one fits, and small at both ends", () => {
    const system = systemWith([100, 100]);
    const bytes = new Uint8Array(3 * hugePageBytes);
    const part = 4096 / hugePageBytes;
    expect(new FreshPages(system).ask(bytes, 0, bytes.length)).toBe(bytes.length);
    expect(system.asked).toEqual([`small ${part} ${1 - part}`, "huge 1 1", "huge 2 1", `small 3 ${part}`]);
  });

  test("are small for the rest of the data once a huge one came slowly", () => {
    const system = systemWith([100, 5000]);
    const bytes = new Uint8Array(5 * hugePageBytes);
    const pages = new FreshPages(system);
    const askedTo = pages.ask(bytes, hugePageBytes, hugePageBytes + 1);
    expect(askedTo).toBe(2 * hugePageBytes - 4096);
    pages.ask(bytes, askedTo, 4 * hugePageBytes - 4096);
    expect(system.asked.slice(1)).toEqual(["huge 2 1", "huge 3 1"]);
    pages.ask(bytes, 4 * hugePageBytes - 4096, 5 * hugePageBytes - 4096);
    expect(system.asked.slice(3)).toEqual(["small 4 1"]);
  });
});
