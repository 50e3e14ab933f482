import { afterEach, beforeEach, expect, test } from "bun:test";
import { RingInProcess } from "./ring-in-process.ts";

const nodeTimeoutMs = 2000;
const [from, to] = ["from{a}", "to{a}"];
const halfTime = "half of it is done";

let ring: RingInProcess;
/** The clock of all nodes is ahead by this. */
let aheadMs = 0;
/** What happens when a script says that half of its work is done. */
let atHalfTime = (): void => {};

/** The nodes have paused, for longer than a lease and not for so long that another node would be elected. */
function endLeases(): void {
  aheadMs += nodeTimeoutMs / 2;
  expect(ring.primary).toBe(-1);
}

beforeEach(async () => {
  atHalfTime = () => {};
  ring = await RingInProcess.start(
    { "cluster-node-timeout": `${nodeTimeoutMs}` },
    {
      monotonicMs: () => performance.now() + aheadMs,
      report: (_level, message) => {
        if (message === halfTime) atHalfTime();
      },
    },
  );
});

afterEach(() => ring.stop());

const say = `redis.log(redis.LOG_WARNING, '${halfTime}')`;
const script = `redis.call('DECRBY', KEYS[1], 10) ${say} return redis.call('INCRBY', KEYS[2], 10)`;

/** Both halves, asked of any node. */
async function halves(node: number): Promise<(string | null | undefined)[]> {
  const client = await ring.connect(node);
  const replies = await client.replies([
    ["GET", from],
    ["GET", to],
  ]);
  client.close();
  return replies.map(({ text }) => text);
}

test("a script is carried out as a whole, though the lease of its node ends between two of its commands", async () => {
  const client = await ring.connect(ring.primary);
  let isHalfDone = false;
  atHalfTime = () => {
    isHalfDone = true;
    endLeases();
  };
  const { text } = await client.reply("EVAL", script, 2, from, to);
  expect(isHalfDone).toBeTrue();
  expect(text).toBe("10");
  expect(await halves(ring.primary)).toEqual(["-10", "10"]);
  client.close();
});

test("so is a transaction", async () => {
  const client = await ring.connect(ring.primary);
  atHalfTime = endLeases;
  const replies = await client.replies([
    ["MULTI"],
    ["DECRBY", from, 10],
    ["EVAL", say, 0],
    ["INCRBY", to, 10],
    ["EXEC"],
  ]);
  expect(replies.at(-1)?.items?.map(({ text }) => text)).toEqual(["-10", null, "10"]);
  expect(await halves(ring.primary)).toEqual(["-10", "10"]);
  client.close();
});

for (const which of ["writes", "only reads"] as const) {
  test(`nobody sees the reply of a script that ${which}, if its node never gets a lease again`, async () => {
    const { primary } = ring;
    const client = await ring.connect(primary);
    await client.reply("SET", from, "0");
    atHalfTime = () => {
      ring.silence(primary);
      endLeases();
    };
    const reads = `redis.call('GET', KEYS[1]) ${say} return redis.call('GET', KEYS[1])`;
    client.send(["EVAL", which === "writes" ? script : reads, 2, from, to]);
    // The connection is broken, and nothing is answered before.
    expect(
      await client.next().then(
        ({ text }) => text,
        () => "closed",
      ),
    ).toBe("closed");
    await ring.until("to be served by another node", () => ring.primary >= 0 && ring.primary !== primary);
    expect(await halves(ring.primary)).toEqual(which === "writes" ? ["-10", "10"] : ["0", null]);
    client.close();
  }, 30_000);
}

test("a script that has not used a key yet is refused as a whole, and told why", async () => {
  const client = await ring.connect(ring.primary);
  atHalfTime = endLeases;
  const { text } = await client.reply("EVAL", `${say} ${script}`, 2, from, to);
  expect(text).toContain("CLUSTERDOWN This node may not serve the hash slot at this moment");
  expect(await halves(ring.primary)).toEqual([null, null]);
  client.close();
});
