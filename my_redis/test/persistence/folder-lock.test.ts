import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "bun:test";
import { findProgram, requireService, temporaryFolder } from "../../../tools/test-services/index.ts";
import { FaultInjector } from "../faults/fault-injector.ts";

const program = join(import.meta.dirname, "locking-process.ts");
const bun = [process.execPath, program] as const;
const node = findProgram("node");
const strace = requireService("strace");

/** The program as one file that Node runs. */
function builtForNode(): string {
  const built = join(temporaryFolder("lock"), "locking-process.mjs");
  const build = Bun.spawnSync([process.execPath, "build", program, "--target", "node", "--outfile", built]);
  expect(build.exitCode).toBe(0);
  return built;
}

/** A process that locks folders. */
class Locker {
  readonly process;
  readonly #lines: AsyncIterator<string>;

  constructor([command, ...words]: readonly [string, ...string[]]) {
    this.process = spawn(command, words, { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  async next(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("the process has ended");
    return value;
  }

  ask(line: string): Promise<string> {
    this.process.stdin.write(`${line}\n`);
    return this.next();
  }

  async kill(): Promise<void> {
    const exited = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill("SIGKILL");
    await exited;
  }
}

async function startLockers(...commands: (readonly [string, ...string[]])[]): Promise<Locker[]> {
  const lockers = commands.map((command) => new Locker(command));
  for (const locker of lockers) expect(await locker.next()).toBe("ready");
  return lockers;
}

test("of two processes that lock a folder at the same moment, exactly one gets it", async () => {
  const folder = temporaryFolder("lock");
  const [first, second] = (await startLockers(bun, bun)) as [Locker, Locker];
  for (let round = 0; round < 800; round++) {
    // Half of the rounds find a lock file, the other half a new folder.
    const path = join(folder, String(round >> 1));
    mkdirSync(path, { recursive: true });
    const outcomes = await Promise.all([first.ask(path), second.ask(path)]);
    expect([round, ...outcomes.toSorted()]).toEqual([round, "in use", "locked"]);
    await Promise.all([first.ask("release"), second.ask("release")]);
  }
  await Promise.all([first.kill(), second.kill()]);
}, 30_000);

test.skipIf(node === undefined)(
  "the lock of a killed process is free at once, and Bun and Node see each other's",
  async () => {
    const folder = temporaryFolder("lock");
    const onNode = [node as string, builtForNode()] as const;
    const lockers = await startLockers(bun, onNode, bun, onNode);
    for (const [index, locker] of lockers.entries()) {
      expect(await locker.ask(folder)).toBe("locked");
      for (const other of lockers.slice(index + 1)) expect(await other.ask(folder)).toBe("in use");
      await locker.kill();
    }
  },
  30_000,
);

// Bun reports no error of close(2) but EBADF; Node throws.
test.skipIf(node === undefined || strace.missing)(
  `a lock is given up although the system reports an error when its file is closed,${strace.reason}`,
  async () => {
    const folder = temporaryFolder("lock");
    const [locker] = (await startLockers([node as string, builtForNode()])) as [Locker];
    expect(await locker.ask(folder)).toBe("locked");
    const faults = [{ calls: "close", effect: "EIO", when: "1+" }] as const;
    const injector = await FaultInjector.attach(locker.process.pid as number, faults, [join(folder, "lock")]);
    expect(await locker.ask("release")).toBe("released");
    expect(await injector.end()).toBe(1);
    await locker.kill();
  },
  30_000,
);
