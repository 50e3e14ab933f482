import { startRedisServer } from "../../../../tools/test-services/index.ts";
import { type Reply } from "../../differential/harness/reply.ts";
import { RespConnection, type Word } from "../../differential/harness/resp-connection.ts";
import type { ServerPair } from "../../differential/harness/servers.ts";
import { type MemoryRing, startMemoryRing } from "../memory-ring.ts";

/** A ring of three nodes, accessed through its first node only, beside one redis-server. */
export interface RingPair extends ServerPair {
  readonly ring: MemoryRing;
  close(): Promise<void>;
}

/** Asks every node when one node alone does not know the answer. */
class RingControl {
  readonly #nodes: readonly RespConnection[];

  constructor(nodes: readonly RespConnection[]) {
    this.#nodes = nodes;
  }

  async reply(...command: readonly Word[]): Promise<Reply> {
    const replies = await Promise.all(this.#nodes.map((node) => node.reply(...command)));
    if (command[0] !== "INFO") return replies[0] as Reply;
    const blocked = replies.map(({ text }) => Number(/blocked_clients:(\d+)/.exec(text ?? "")?.[1] ?? 0));
    return { sign: "$", text: `blocked_clients:${blocked.reduce((sum, count) => sum + count, 0)}\r\n` };
  }

  async replies(commands: readonly (readonly Word[])[]): Promise<Reply[]> {
    return (this.#nodes[0] as RespConnection).replies(commands);
  }
}

export async function startRingPair(): Promise<RingPair> {
  const [redis, ring] = await Promise.all([
    startRedisServer({ args: ["--enable-debug-command", "yes"] }),
    startMemoryRing(3, { "enable-debug-command": "yes" }),
  ]);
  const nodes = await Promise.all(ring.nodes.map((_, node) => ring.connect(node)));
  const theirs = await RespConnection.open(redis.port, "redis-server");
  return {
    ring,
    ports: { MyRedis: ring.ports[0] as number, "redis-server": redis.port },
    control: { MyRedis: new RingControl(nodes) as unknown as RespConnection, "redis-server": theirs },
    close: async () => {
      for (const connection of [...nodes, theirs]) connection.close();
      await Promise.all([ring.close(), redis.stop()]);
    },
  };
}
