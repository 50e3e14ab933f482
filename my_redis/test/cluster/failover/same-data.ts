import { waitUntil } from "../../../../tools/test-services/index.ts";
import type { RingOfProcesses } from "../crash/ring-of-processes.ts";

/** A digest of all data that a node has itself. */
export async function digestOf(ring: RingOfProcesses, node: number): Promise<string> {
  const connection = await ring.connect(node);
  const { text } = await connection.reply("DEBUG", "DIGEST");
  connection.close();
  return text as string;
}

/** Waits until two nodes have the same data. */
export async function untilSameData(ring: RingOfProcesses, one: number, other: number): Promise<void> {
  const isSame = async (): Promise<boolean> => (await digestOf(ring, one)) === (await digestOf(ring, other));
  await waitUntil(isSame, {
    what: `nodes ${one} and ${other} to have the same data`,
    timeoutMs: 10_000,
    intervalMs: 50,
  });
}
