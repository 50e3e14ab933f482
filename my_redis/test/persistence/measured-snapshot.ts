import { spyOn } from "bun:test";
import { SeededRandom } from "../../../tools/seeded-random.ts";
import { BackgroundSnapshot, type SnapshotSink } from "../../src/persistence/snapshot/background-snapshot.ts";
import { beginFile } from "../../src/persistence/snapshot/snapshot-file.ts";
import type { OpenServer } from "../../src/start-server.ts";

/** So much of a value may be taken without a pause. The pieces of a snapshot have some kilobytes. */
export const pieceBytes = 256 * 1024;

/** Texts that no snapshot makes smaller. */
export function randomTexts(count: number, length: number): readonly string[] {
  const random = new SeededRandom(1);
  const digit = (): string => random.below(36).toString(36);
  return Array.from({ length: count }, () => Array.from({ length }, digit).join(""));
}

/** It takes what it is given, and asks for nothing, as a replica that does not read: a snapshot goes on only where it must. */
class FullSink implements SnapshotSink {
  readonly queuedBytes = Number.POSITIVE_INFINITY;
  readonly hasFailed = false;
  readonly done = Promise.resolve();
  /** Since the last pause. */
  bytes = 0;
  most = 0;
  sum = 0;

  write({ length }: Uint8Array): void {
    this.sum += length;
    this.bytes += length;
    this.most = Math.max(this.most, this.bytes);
  }

  end(): void {}
  fail(): void {}
}

/**
 * Begins a snapshot, and counts how much of it is taken between two turns of the event loop. No machine's speed plays a part: with
 * each look at the server's clock, a millisecond passes.
 */
export function beginMeasured({ server }: OpenServer) {
  let nowMs = server.environment.monotonicMs();
  const clock = spyOn(server.environment, "monotonicMs").mockImplementation(() => nowMs++);
  const sink = new FullSink();
  const work = new BackgroundSnapshot(server, sink, (emit) => beginFile(server, "base", emit));
  let isOver = false;
  const countTurns = (): void => {
    sink.bytes = 0;
    if (!isOver) setImmediate(countTurns);
  };
  countTurns();
  return {
    sink,
    /** Time passes as it does elsewhere. */
    freeClock: (): void => clock.mockRestore(),
    /** Everything that is left counts no more. */
    end: (): void => {
      isOver = true;
      clock.mockRestore();
      work.cancel();
    },
  };
}
