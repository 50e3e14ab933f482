import { expect, test } from "bun:test";
import { propertySeed } from "../../../../tools/property-seed.ts";
import type { Reply } from "../../differential/harness/reply.ts";
import type { Word } from "../../differential/harness/resp-connection.ts";
import { SeededRandom } from "../../../../tools/seeded-random.ts";
import { type MemoryRing, startMemoryRing } from "../memory-ring.ts";

const clientCount = 12;
const pipelines = 60;
const pairsInPipeline = 20;
const keyCount = 30;

/** One client's pipelines over keys of all nodes. Returns the wrong replies, and how many requests were lost. */
async function work(ring: MemoryRing, client: number): Promise<{ wrong: string[]; lost: number }> {
  const connection = await ring.connect(client % ring.nodes.length);
  const wrong: string[] = [];
  let lost = 0;
  const expectText = (reply: Reply | undefined, text: string): void => {
    if (reply?.sign === "-" && reply.text?.startsWith("CLUSTERDOWN ") === true) lost++;
    else if (reply?.text !== text) wrong.push(`${reply?.sign}${reply?.text} instead of ${text}`);
  };
  for (let round = 0; round < pipelines; round++) {
    const commands: Word[][] = [];
    for (let pair = 0; pair < pairsInPipeline; pair++) {
      const key = `client${client}:${(round * 7 + pair) % keyCount}`;
      commands.push(["SET", key, `${round}:${pair}`], ["GET", key]);
    }
    const counter = `{client${client}}counter`;
    commands.push(["PING"], ["MULTI"], ["INCR", counter], ["GET", counter], ["EXEC"]);
    const replies = await connection.replies(commands);
    for (let pair = 0; pair < pairsInPipeline; pair++) {
      const [written, read] = [replies[2 * pair], replies[2 * pair + 1]];
      expectText(written, "OK");
      if (written?.sign === "+") expectText(read, `${round}:${pair}`);
    }
    expectText(replies[2 * pairsInPipeline], "PONG");
    const exec = replies.at(-1) as Reply;
    if (exec.items?.length !== 2) expectText(exec, "the results of a transaction");
    else if (exec.items[0]?.text !== exec.items[1]?.text) wrong.push("a transaction was torn");
  }
  connection.close();
  return { wrong, lost };
}

test("every request is answered once and correctly, or reported as lost, while links break at random moments", async () => {
  const ring = await startMemoryRing(3);
  const random = new SeededRandom(propertySeed());
  let working = true;
  const breaking = (async () => {
    while (working) {
      await Bun.sleep(5 + random.below(20));
      const links = [...random.pick(ring.nodes).server.parts.cluster!.incoming.links];
      for (const link of links) if (random.oneIn(2)) link.end("the test breaks it");
    }
  })();
  const results = await Promise.all(Array.from({ length: clientCount }, (_, client) => work(ring, client)));
  working = false;
  await breaking;
  expect(results.flatMap(({ wrong }) => wrong)).toEqual([]);
  expect(results.some(({ lost }) => lost > 0)).toBe(true);
  await ring.close();
}, 60_000);
