import { afterEach, test } from "bun:test";
import { waitUntil } from "../../../../tools/test-services/index.ts";
import { type MemoryRing, startMemoryRing } from "../memory-ring.ts";

let ring: MemoryRing;
afterEach(() => ring.close());

const clients = 24;
const writesOfClient = 60;
const keys = 20;

test("contended writes across nodes leave no record behind, seconds after the last one", async () => {
  ring = await startMemoryRing(3);
  const connections = await Promise.all(Array.from({ length: clients }, (_, client) => ring.connect(client % 3)));
  await Promise.all(
    connections.map(async (connection, client) => {
      for (let write = 0; write < writesOfClient; write++) {
        const key = (step: number): string => `key:${(client * 7 + write * 13 + step * 5) % keys}`;
        const words =
          write % 2 === 0 ? ["MSET", key(0), "1", key(1), "2", key(2), "3"] : ["DEL", key(0), key(1), key(2)];
        await connection.reply(...words);
      }
      connection.close();
    }),
  );
  const openOn = async (node: number): Promise<number> => {
    const connection = await ring.connect(node);
    const { text } = await connection.reply("INFO", "cluster");
    connection.close();
    return Number(/cluster_transactions_open:(\d+)/.exec(text ?? "")?.[1]);
  };
  const isOver = async (): Promise<boolean> => (await Promise.all([0, 1, 2].map(openOn))).every((count) => count === 0);
  // A record is remembered for 50 seconds if it has to be: a longer wait would hide it.
  await waitUntil(isOver, { what: "no open transactions on any node", timeoutMs: 15_000 });
}, 40_000);
