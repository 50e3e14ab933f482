import { afterEach, expect, test } from "bun:test";
import { RingOfProcesses } from "../crash/ring-of-processes.ts";
import { RingInProcess } from "./ring-in-process.ts";

let ring: RingOfProcesses;

afterEach(() => ring?.stop());

const nodeTimeoutMs = 1500;
const directives = {
  ...{ "cluster-node-timeout": `${nodeTimeoutMs}`, "cluster-acknowledgement": "replica" },
  ...{ "busy-reply-threshold": "10", "enable-debug-command": "yes" },
};
/** Other clients are let in while it runs: it is half done for a second. */
const script = `redis.call('SET', KEYS[1], 'begun') local since = os.clock() while os.clock() - since < 1 do end redis.call('SET', KEYS[2], 'ended') return 'DONE'`;

/** A script that the primary has begun. Its reply, or "closed". */
async function halfDone(): Promise<{ readonly reply: Promise<string | null | undefined> }> {
  const client = await ring.connect(0);
  const reply = client.reply("EVAL", script, 2, "{a}one", "{a}two").then(
    ({ text }) => text,
    () => "closed",
  );
  await Bun.sleep(200);
  return { reply };
}

async function expectSameData(): Promise<void> {
  await ring.untilInSync(0);
  const found = new Set<string | null | undefined>();
  for (const node of ring.ports.keys()) {
    const connection = await ring.connect(node);
    found.add((await connection.reply("DEBUG", "DIGEST")).text);
    connection.close();
  }
  expect(found.size).toBe(1);
}

test("a place is handed over when the script that runs has ended", async () => {
  ring = await RingOfProcesses.start(1, directives, 2);
  const { reply } = await halfDone();
  const replica = await ring.connect(1);
  expect((await replica.reply("CLUSTER", "FAILOVER")).text).toBe("OK");
  expect(await reply).toBe("DONE");
  expect(await ring.untilMoved(0, 0)).toBe(1);
  expect((await replica.reply("GET", "{a}two")).text).toBe("ended");
  await expectSameData();
  replica.close();
}, 60_000);

test("a primary that is replaced while a script is half done keeps nothing of it", async () => {
  ring = await RingOfProcesses.start(1, directives, 2);
  const { reply } = await halfDone();
  await ring.kill(0, "SIGSTOP");
  const primary = await ring.untilMoved(0, 0);
  await ring.kill(0, "SIGCONT");
  expect(await reply).toBe("closed");
  const client = await ring.connect(primary);
  expect((await client.reply("SET", "{a}other", "value")).text).toBe("OK");
  await expectSameData();
  client.close();
}, 60_000);

for (const isHalfDone of [true, false]) {
  const what = isHalfDone ? "while a script is half done asks for all data" : "otherwise asks for what it lacks";
  test(`a node that follows another one ${what}`, async () => {
    const nodes = await RingInProcess.start();
    const { primary } = nodes;
    const other = (primary + 1) % 3;
    const { execution, replication } = nodes.nodes[primary]!.server;
    if (isHalfDone) execution.pauseScript();
    replication?.followInRing("127.0.0.1", nodes.nodes[other]!.port);
    if (isHalfDone) execution.resumeScript();
    const historyOf = async (node: number): Promise<string | undefined> => {
      const client = await nodes.connect(node);
      const { text } = await client.reply("INFO", "replication");
      client.close();
      return /master_replid:(\w+)/.exec(text ?? "")?.[1];
    };
    expect((await historyOf(primary)) === (await historyOf(other))).toBe(!isHalfDone);
    await nodes.stop();
  }, 30_000);
}
