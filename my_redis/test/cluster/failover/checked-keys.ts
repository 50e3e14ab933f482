import { expect } from "bun:test";
import type { RespConnection } from "../../differential/harness/resp-connection.ts";
import type { AgreedRing } from "./agreed-ring.ts";

export const keys = Array.from({ length: 300 }, (_, number) => `key:${number}`);

/** What the node answers. On a busy machine a link may seem to be silent for a moment: the answer is CLUSTERDOWN then. */
export async function answerOf(client: RespConnection, ...words: [string, ...string[]]): Promise<string> {
  for (;;) {
    const { text } = await client.reply(...words);
    if (text?.startsWith("CLUSTERDOWN") !== true) return text ?? "";
    await Bun.sleep(20);
  }
}

export async function writeAll(ring: AgreedRing, node: number, value = "value"): Promise<void> {
  const client = await ring.connect(node);
  for (const key of keys) expect(await answerOf(client, "SET", key, `${value} of ${key}`)).toBe("OK");
  client.close();
}

export async function expectAll(ring: AgreedRing, node: number, value = "value"): Promise<void> {
  const client = await ring.connect(node);
  for (const key of keys) expect(await answerOf(client, "GET", key)).toBe(`${value} of ${key}`);
  expect(await answerOf(client, "DBSIZE")).toBe(`${keys.length}`);
  client.close();
}
