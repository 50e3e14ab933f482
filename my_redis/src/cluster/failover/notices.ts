import type { Position } from "../agreement/ring-message.ts";

/** Kinds of notices between nodes of a ring with replicas. */
export const noticeKinds = {
  /** A message of the agreement. */
  agreement: 1,
  /** A replica tells its primary how far it is. */
  progress: 2,
  /** An operator's word for the node that sends it, to the leader. */
  word: 3,
  /** The replica that sends it is to take its place over from its primary. */
  handOver: 4,
} as const;

/** How far a run of a replica is, as far as others may rely on it. */
export interface ProgressNotice {
  readonly run: number;
  readonly position: Position;
}

const progressBytes = 24;

export function writeProgress({ run, position }: ProgressNotice): Uint8Array {
  const bytes = new Uint8Array(progressBytes);
  const view = new DataView(bytes.buffer);
  view.setFloat64(0, run);
  view.setFloat64(8, position.epoch);
  view.setFloat64(16, position.offset);
  return bytes;
}

/** Undefined for bytes of another length, or numbers that none of these can be. */
export function readProgress(bytes: Uint8Array): ProgressNotice | undefined {
  if (bytes.length !== progressBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [run, epoch, offset] = [0, 8, 16].map((at) => view.getFloat64(at)) as [number, number, number];
  return [run, epoch, offset].every(Number.isSafeInteger) ? { run, position: { epoch, offset } } : undefined;
}
