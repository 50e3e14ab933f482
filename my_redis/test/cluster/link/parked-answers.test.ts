import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { waitUntil } from "../../../../tools/test-services/index.ts";
import type { IncomingLink } from "../../../src/cluster/link/incoming-link.ts";
import type { OpenServer } from "../../../src/start-server.ts";
import type { RespConnection } from "../../differential/harness/resp-connection.ts";
import { RawClient } from "../../wire/raw-client.ts";
import { SlowDisk } from "../../wire/slow-disk.ts";
import { type MemoryRing, startMemoryRing } from "../memory-ring.ts";

const mib = 1024 * 1024;
/** So much may wait for one node. */
const limitBytes = 64 * mib;

let ring: MemoryRing;
let clients: RespConnection[];
let raw: RawClient[];
let disk: SlowDisk;

/** A key of the node with this number. */
function keyOf(node: number): string {
  const { view, members } = ring.nodes[0]!.server.parts.cluster!;
  const number = members.names.indexOf(ring.names[node] as string);
  for (let index = 0; ; index++) {
    const key = `key:${index}`;
    if (view.ownerOfSlot(view.slotOfKey(Buffer.from(key), 0, key.length)) === number) return key;
  }
}

const owner = (): OpenServer => ring.nodes[1]!;
/** The link from the first node, whose clients ask, to the second one, which owns the key and has a slow disk. */
const link = (): IncomingLink => [...owner().server.parts.cluster!.incoming.links][0]!;

const open = async (node: number): Promise<RespConnection> => {
  const client = await ring.connect(node);
  clients.push(client);
  return client;
};

/** Asks the node with the slow disk. It answers at once, but the answer, too, waits for the disk. */
async function askOwner(...words: [string, ...string[]]): Promise<{ readonly reply: Promise<string> }> {
  const waiting = disk.waiting;
  const reply = (await open(1)).reply(...words).then(({ text }) => text ?? "");
  await waitUntil(() => disk.waiting > waiting, { what: "the answer", timeoutMs: 5000, intervalMs: 1 });
  return { reply };
}

const numberIn = async ({ reply }: { readonly reply: Promise<string> }, name: string): Promise<number> =>
  Number(new RegExp(`^${name}:(\\d+)`, "m").exec(await reply)?.[1]);

/** Bytes of a reply of one value. */
const valueBytes = mib + "$1048576\r\n\r\n".length;

/** Lets each of ten clients of the first node ask for so much that their replies together are above the limit. */
async function askForMuch(requests: string): Promise<RawClient[]> {
  const asking = await Promise.all(Array.from({ length: 10 }, () => RawClient.open(ring.ports[0] as number)));
  raw.push(...asking);
  for (const client of asking) await client.send(requests);
  await waitUntil(() => link().pendingBytes > limitBytes, { what: "the replies", timeoutMs: 10_000 });
  expect(link().state).toBe("paused");
  return asking;
}

/** Lets the disk answer until each client has got so many bytes. */
async function receiveAll(asking: readonly RawClient[], bytes: number): Promise<void> {
  let served = 0;
  for (const client of asking) void client.receive(bytes).then(({ length }) => (served += length === bytes ? 1 : 0));
  await disk.answerAlways(() => served === asking.length);
}

beforeEach(async () => {
  clients = [];
  raw = [];
  // Links must not end when the machine is slow.
  ring = await startMemoryRing(2, { "cluster-node-timeout": 600_000 });
  disk = new SlowDisk();
  const client = await open(0);
  for (const node of [0, 1]) await client.reply("SET", keyOf(node), "v".repeat(mib));
  disk.attachTo(owner());
});

afterEach(async () => {
  for (const client of [...clients, ...raw]) client.close();
  disk.answer();
  await ring.close();
});

describe("what waits for the disk and for another node", () => {
  test("counts for the link when it answers commands that span nodes, and above 64 MiB nothing more is read", async () => {
    const asking = await askForMuch(`MGET ${keyOf(0)}${` ${keyOf(1)}`.repeat(8)}\r\n`);
    const memory = await askOwner("INFO", "memory");
    const cluster = await askOwner("CLUSTER", "INFO");
    await receiveAll(asking, 4 + 9 * valueBytes);
    expect(await numberIn(memory, "mem_cluster_links")).toBeGreaterThan(limitBytes);
    expect(await numberIn(memory, "used_memory")).toBeGreaterThan(limitBytes);
    expect(await numberIn(cluster, "cluster_links_in_waiting_bytes")).toBeGreaterThan(limitBytes);
    expect([link().state, link().pendingBytes]).toEqual(["up", 0]);
  }, 30_000);

  test("counts for the link when it answers relayed commands, of all clients together", async () => {
    await receiveAll(await askForMuch(`GET ${keyOf(1)}\r\n`.repeat(8)), 8 * valueBytes);
    expect([link().state, link().pendingBytes]).toEqual(["up", 0]);
  }, 30_000);

  test("counts no more when its clients have gone meanwhile, and the link is read again", async () => {
    const asking = await askForMuch(`GET ${keyOf(1)}\r\n`.repeat(8));
    for (const client of asking) client.close();
    for (let client = 0; client < 100; client++) link().session(client)?.kill();
    await disk.answerAlways(() => link().pendingBytes === 0);
    expect(link().state).toBe("up");
    let text = "";
    void (await open(0)).reply("STRLEN", keyOf(1)).then((reply) => (text = reply.text ?? ""));
    await disk.answerAlways(() => text !== "");
    expect(text).toBe(`${mib}`);
  }, 30_000);
});
