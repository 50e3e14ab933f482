import { afterEach, expect, test } from "bun:test";
import { RingInProcess } from "./ring-in-process.ts";

let ring: RingInProcess;

afterEach(() => ring.stop());

test("directives that the ring relies on are refused while it runs", async () => {
  ring = await RingInProcess.start({ "enable-protected-configs": "yes" });
  const { settings } = (ring.nodes[0] as (typeof ring.nodes)[0]).server;
  const client = await ring.connect(0);
  for (const [name, value] of [
    ["cluster-node-timeout", "60000"],
    ["appendonly", "no"],
    ["dir", "/"],
  ] as const) {
    const before = settings.print(name);
    expect((await client.reply("CONFIG", "SET", name, value)).text).toContain("a ring that agrees on its members");
    expect(settings.print(name)).toBe(before);
  }
  client.close();
}, 30_000);
