import { describe, expect, spyOn, test } from "bun:test";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../tools/test-services/index.ts";
import { systemEnvironment } from "../../src/environment.ts";
import { AppendOnlyFile } from "../../src/persistence/aof/append-only-file.ts";

const path = (): string => join(temporaryFolder("aof"), "log");
const options = {
  folder: "",
  logFolder: "",
  fileName: "",
  syncPolicy: "always",
  loadTruncated: true,
  checksums: false,
} as const;

/** Bytes whose first write the system refuses, as with a full disk. */
const unwritable = (text: string): Uint8Array => [...Buffer.from(text)] as unknown as Uint8Array;

const start = { sequence: 1, bytes: 0, sum: 0, predecessor: undefined };

interface Scene {
  readonly file: AppendOnlyFile;
  readonly path: string;
  readonly messages: string[];
}

function open(): Scene {
  const name = path();
  const descriptor = openSync(name, "a");
  const messages: string[] = [];
  const environment = systemEnvironment((_level, message) => void messages.push(message));
  return { file: new AppendOnlyFile(environment, options, descriptor, start), path: name, messages };
}

describe("the append-only file answers", () => {
  test("turns in their order, also when appendfsync becomes milder while one waits for the disk", async () => {
    const { file } = open();
    const order: string[] = [];
    file.write(Buffer.from("first"));
    file.whenSafe(() => order.push("first"));
    file.syncPolicy = "no";
    file.write(Buffer.from("second"));
    const second = new Promise<void>((resolve) => {
      file.whenSafe(() => {
        order.push("second");
        resolve();
      });
    });
    expect(order).toEqual([]);
    await second;
    expect(order).toEqual(["first", "second"]);
    file.close();
  });

  test("a turn that only reads after the turns that wait for the disk, and a lost one with false in its place", () => {
    const { file, path: name, messages } = open();
    const order: string[] = [];
    file.write(Buffer.from("first "));
    file.whenSafe((safe) => order.push(`first ${safe}`));
    file.turnEnded();
    file.write(unwritable("second"));
    file.whenSafe((safe) => order.push(`in the middle of the second ${safe}`));
    file.whenSafe((safe) => order.push(`second ${safe}`));
    file.turnEnded();
    file.whenSafe((safe) => order.push(`third ${safe}`));
    expect(order).toEqual([]);
    file.close();
    expect(order).toEqual(["first true", "in the middle of the second false", "second false", "third true"]);
    expect(messages[0]).toContain("cannot be written");
    // The effect of the second turn could be read meanwhile, so it is written as soon as possible.
    expect(readFileSync(name, "latin1")).toBe("first second");
  });

  test("the turns that wait when it closes, and takes nothing afterwards", async () => {
    const { file, path: name } = open();
    const closed = new Promise<void>((resolve) => {
      file.onClosed = resolve;
    });
    const answers: boolean[] = [];
    file.write(Buffer.from("first"));
    file.whenSafe((safe) => answers.push(safe));
    file.close();
    expect(answers).toEqual([true]);
    file.write(Buffer.from("too late"));
    await closed;
    expect(readFileSync(name, "latin1")).toBe("first");
  });

  test("the turns that wait for the disk while it continues in another file, each part of the log in its own", async () => {
    const { file, path: name } = open();
    const next = path();
    const order: string[] = [];
    file.write(Buffer.from("first"));
    file.whenSafe((safe) => order.push(`first ${safe}`));
    file.switchTo(openSync(next, "w"), 2);
    expect(file.sizeBytes).toBe(0);
    file.write(Buffer.from("second"));
    const second = new Promise<void>((resolve) => {
      file.whenSafe((safe) => {
        order.push(`second ${safe}`);
        resolve();
      });
    });
    await second;
    expect(order).toEqual(["first true", "second true"]);
    expect(file.sizeBytes).toBe(6);
    // An incomplete write is removed from this file, and nothing else of the log.
    file.write(unwritable(" third"));
    file.close();
    expect([readFileSync(name, "latin1"), readFileSync(next, "latin1")]).toEqual(["first", "second third"]);
  });

  test("a sync and a switch with an error, once it is closed", async () => {
    const { file } = open();
    file.close();
    await expect(file.sync()).rejects.toThrow("the append-only file cannot be written");
    const next = openSync(path(), "w");
    expect(() => file.switchTo(next, 2)).toThrow("the append-only file cannot be written");
    closeSync(next);
  });

  test("a switch to another file with an error, while it cannot be written", () => {
    const { file } = open();
    file.write(unwritable("first"));
    expect(() => file.switchTo(openSync(path(), "w"), 2)).toThrow("the append-only file cannot be written");
    file.close();
  });
});

describe("after a failed sync the append-only file refuses writes until a restart, and is closed without an error,", () => {
  /** A log whose file cannot be synced. */
  function openBroken(): Scene & { readonly refusals: (string | undefined)[] } {
    const name = path();
    const descriptor = openSync("/dev/null", "a");
    const messages: string[] = [];
    const environment = systemEnvironment((_level, message) => void messages.push(message));
    const file = new AppendOnlyFile(environment, options, descriptor, start);
    const refusals: (string | undefined)[] = [];
    file.onFailure = (refusal) => void refusals.push(refusal);
    file.write(Buffer.from("first"));
    return { file, path: name, messages, refusals };
  }

  test("also when the sync belonged to a rewrite", async () => {
    const { file, messages, refusals } = openBroken();
    await expect(file.sync()).rejects.toThrow("EINVAL");
    expect([file.healthy, refusals]).toEqual([false, [expect.stringContaining("MISCONF")]]);
    file.close();
    expect(messages.join()).toContain("cannot be synced");
  });

  test("also when it had continued in another file, whose turns waited for both", async () => {
    const next = openSync(path(), "w");
    const { file, refusals } = openBroken();
    file.switchTo(next, 2);
    file.write(Buffer.from("second"));
    const safe = new Promise<boolean>((resolve) => {
      file.whenSafe(resolve);
    });
    await expect(file.sync()).rejects.toThrow("EINVAL");
    expect([await safe, file.healthy, refusals]).toEqual([false, false, [expect.stringContaining("MISCONF")]]);
    file.close();
  });
});

describe("with appendfsync always, the append-only file", () => {
  test("syncs also what no client waits for: a replica has to tell its primary what is on its disk", async () => {
    // The sync of each second must not help.
    const interval = spyOn(globalThis, "setInterval").mockImplementation(() => ({ unref() {} }) as never);
    try {
      const { file } = open();
      const synced: number[] = [];
      const more = (): Promise<void> => new Promise((resolve) => (file.onSynced = resolve));
      const first = more();
      file.write(Buffer.from("first"));
      // One sync runs at a time, and the next one covers all that came meanwhile.
      file.write(Buffer.from("second"));
      file.write(Buffer.from("third"));
      await first;
      synced.push(file.progress?.synced ?? -1);
      await more();
      synced.push(file.progress?.synced ?? -1);
      expect(synced).toEqual([5, 16]);
      expect(file.isSyncing).toBe(false);
      file.close();
    } finally {
      interval.mockRestore();
    }
  });
});
