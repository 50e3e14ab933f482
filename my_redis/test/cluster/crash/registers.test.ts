import { expect, test } from "bun:test";
import { RegisterWriter } from "./register-writer.ts";
import { RingOfProcesses } from "./ring-of-processes.ts";

const nodeTimeoutMs = 1500;
/** On a busy machine a request may take this much longer than the nodes' own timeout. */
const marginMs = 4000;
const writerCount = 16;
/** RING_FAULT_ROUNDS=20 runs more than one round. */
const rounds = Number(process.env["RING_FAULT_ROUNDS"] ?? 1);
const frozenMs = 10_000;
const roundTimeoutMs = 60_000;

test(
  "no acknowledged write is lost when one node is killed and started again, and another is frozen for ten seconds",
  async () => {
    const ring = await RingOfProcesses.start(3, {
      appendfsync: "always",
      "cluster-node-timeout": `${nodeTimeoutMs}`,
    });
    const troubles = new Map<number, number>();
    const turn = (node: number): void => {
      const port = ring.ports[node] as number;
      troubles.set(port, (troubles.get(port) ?? 0) + 1);
    };
    const writers = Array.from(
      { length: writerCount },
      (_, number) =>
        new RegisterWriter(
          `writer${number}`,
          () => ring.ports,
          (port) => troubles.get(port) ?? 0,
        ),
    );
    const running = Promise.all(writers.map((writer) => writer.run()));
    const acknowledged = (): number => writers.reduce((sum, writer) => sum + writer.acknowledgedWrites, 0);
    try {
      for (let round = 0; round < rounds; round++) {
        const killed = round % 3;
        const frozen = (round + 1) % 3;
        await Bun.sleep(1000);
        turn(killed);
        await ring.kill(killed, "SIGKILL");
        await Bun.sleep(round % 2 === 0 ? 2 * nodeTimeoutMs : 300);
        await ring.startNode(killed);
        turn(killed);
        await Bun.sleep(1500);

        turn(frozen);
        await ring.kill(frozen, "SIGSTOP");
        await Bun.sleep(2 * nodeTimeoutMs);
        const before = acknowledged();
        const other = await ring.connect(killed);
        const lost = Array.from({ length: 100 }, (_, number) => `lost:${number}`).find(
          (key) => ring.ownerOf(key) === frozen,
        );
        // By now the frozen node counts as unreachable, so requests for its keys are refused at once.
        expect((await other.reply("GET", lost as string)).text).toStartWith("CLUSTERDOWN");
        other.close();
        await Bun.sleep(frozenMs - 2 * nodeTimeoutMs);
        // The other nodes went on accepting writes.
        expect(acknowledged()).toBeGreaterThan(before + 100);
        await ring.kill(frozen, "SIGCONT");
        turn(frozen);
        await Bun.sleep(1500);
      }
      await ring.untilWhole();
      const whole = acknowledged();
      await Bun.sleep(500);
      expect(acknowledged()).toBeGreaterThan(whole);
    } finally {
      for (const writer of writers) writer.stop();
      await running;
    }
    const reader = await ring.connect(0);
    for (const writer of writers) await writer.verify(reader);
    reader.close();
    await ring.stop();
    expect(writers.flatMap(({ violations }) => violations)).toEqual([]);
    // The faults had an effect, and no client waited longer than the nodes wait for each other.
    expect(writers.some(({ errors }) => (errors.get("CLUSTERDOWN") ?? 0) > 0)).toBe(true);
    expect(Math.max(...writers.map(({ longestMs }) => longestMs))).toBeLessThan(nodeTimeoutMs + marginMs);
  },
  roundTimeoutMs * rounds,
);
