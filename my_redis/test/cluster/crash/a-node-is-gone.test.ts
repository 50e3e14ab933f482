import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { waitUntil } from "../../../../tools/test-services/index.ts";
import type { RespConnection, Word } from "../../differential/harness/resp-connection.ts";
import { RingOfProcesses } from "./ring-of-processes.ts";

const gone = 2;
const names = Array.from({ length: 30 }, (_, index) => `key${index}`);

let ring: RingOfProcesses;
let client: RespConnection;
let served: string[];
let lost: string[];

beforeAll(async () => {
  ring = await RingOfProcesses.start(3, { "cluster-node-timeout": "500" });
  client = await ring.connect(0);
  await client.reply("MSET", ...names.flatMap((name) => [name, `value of ${name}`]));
  served = names.filter((name) => ring.ownerOf(name) !== gone);
  lost = names.filter((name) => ring.ownerOf(name) === gone);
  await ring.untilWhole();
  await ring.kill(gone, "SIGKILL");
  const isNoticed = async (): Promise<boolean> => (await client.reply("DBSIZE")).sign === "-";
  await waitUntil(isNoticed, { what: "the loss of a node to be noticed", timeoutMs: 10_000 });
}, 30_000);

afterAll(async () => {
  client.close();
  await ring.stop();
});

async function textOf(...command: readonly Word[]): Promise<string> {
  const reply = await client.reply(...command);
  return String(reply.text ?? reply.items?.length);
}

describe("while a node is down", () => {
  test("keys of the other nodes are served", async () => {
    expect(await textOf("EXISTS", ...served)).toBe(`${served.length}`);
    expect(await textOf("MSET", ...served.flatMap((name) => [name, "new"]))).toBe("OK");
    expect((await client.reply("MGET", ...served)).items?.every(({ text }) => text === "new")).toBe(true);
  });

  test("commands on its keys, or on all keys, answer CLUSTERDOWN and never a partial result", async () => {
    const both = [served[0] as string, lost[0] as string];
    const commands = [
      ["MGET", ...both],
      ["EXISTS", ...both],
      ["DEL", ...both],
      ["UNLINK", ...both],
      ["MSET", ...both.flatMap((name) => [name, "v"])],
      ["MSETNX", "other1", "v", ...both.flatMap((name) => [name, "v"])],
      ["RENAME", both[0] as string, both[1] as string],
      ["RENAME", both[1] as string, both[0] as string],
      ["KEYS", "*"],
      ["DBSIZE"],
      ["RANDOMKEY"],
      ["FLUSHDB"],
      ["FLUSHALL"],
      ["SCRIPT", "FLUSH"],
    ];
    for (const command of commands) expect(await textOf(...command)).toStartWith("CLUSTERDOWN");
    expect(await textOf("GET", both[0] as string)).toBe("new");
  });

  test("a scan reaches that node and then reports it as down", async () => {
    let cursor = "0";
    const seen: string[] = [];
    for (;;) {
      const reply = await client.reply("SCAN", cursor, "COUNT", 100);
      if (reply.sign === "-") {
        expect(reply.text).toStartWith("CLUSTERDOWN");
        break;
      }
      cursor = reply.items?.[0]?.text as string;
      seen.push(...(reply.items?.[1]?.items ?? []).map(({ text }) => text as string));
      expect(cursor).not.toBe("0");
    }
    for (const name of seen) expect(served).toContain(name);
  });

  test("messages reach the subscribers of the other nodes, and scripts are cached", async () => {
    const subscriber = await ring.connect(1);
    await subscriber.reply("SUBSCRIBE", "news");
    expect(await textOf("PUBLISH", "news", "hello")).toBe("1");
    expect((await subscriber.next()).items?.[2]?.text).toBe("hello");
    subscriber.close();
    expect(await textOf("SCRIPT", "LOAD", "return 1")).toBe("e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
  });

  test("and after it is back, all keys are served again by themselves", async () => {
    await ring.startNode(gone);
    await ring.untilWhole();
    expect(await textOf("DBSIZE")).toBe(`${names.length}`);
    expect(await textOf("GET", lost[0] as string)).toBe(`value of ${lost[0]}`);
    expect(await textOf("DEL", ...names)).toBe(`${names.length}`);
  }, 20_000);
});
