import { expect, test } from "bun:test";
import { freePorts, waitUntil } from "../../../../tools/test-services/index.ts";
import { type OpenServer, startOpenServer, type StartOptions } from "../../../src/start-server.ts";
import { linkVersion } from "../../../src/cluster/link/link-greeting.ts";
import { RespConnection } from "../../differential/harness/resp-connection.ts";

const names: string[] = [];
for (const port of await freePorts(3)) names.push(`127.0.0.1:${port}`);
const portOf = (node: number): number => Number((names[node] as string).split(":")[1]);

function start(node: number, peers: readonly number[], options: StartOptions = {}): Promise<OpenServer> {
  return startOpenServer({
    bind: ["127.0.0.1"],
    memory: true,
    port: portOf(node),
    self: names[node] as string,
    peers: peers.map((peer) => names[peer] as string),
    "cluster-node-timeout": 1000,
    ...options,
  });
}

const disputed = (server: OpenServer): number => server.server.parts.cluster!.disputes.count;
const until = (what: string, check: () => boolean): Promise<void> => waitUntil(check, { what, timeoutMs: 10_000 });

test("nodes with different lists of members report it, and neither serves slots that both claim", async () => {
  const messages: string[] = [];
  const environment = { report: (_level: string, message: string) => void messages.push(message) };
  const small = await start(0, [1], { environment });
  const other = await start(1, [0]);
  // This node counts itself as a member, but no other node does.
  let large = await start(2, [0, 1]);
  await until("all to know", () => [small, other, large].every((node) => disputed(node) > 0));
  expect(messages.filter((message) => message.includes("has other members"))).toHaveLength(1);
  expect(messages.join()).toContain(names[2] as string);
  expect(disputed(large)).toBe(disputed(small));

  const [first, third] = [await RespConnection.open(portOf(0), "0"), await RespConnection.open(portOf(2), "2")];
  const { view } = large.server.parts.cluster!;
  const keys = Array.from({ length: 200 }, (_, number) => `key:${number}`);
  const slotOf = (key: string): number => view.slotOfKey(Buffer.from(key), 0, key.length);
  const inDispute = keys.filter((key) => view.isDisputed(slotOf(key)));
  const agreed = keys.filter((key) => !view.isDisputed(slotOf(key)));
  expect(inDispute.length).toBeGreaterThan(10);
  expect(agreed.length).toBeGreaterThan(10);
  for (const reply of await first.replies(inDispute.map((key) => ["SET", key, 1]))) {
    expect(reply.text).toMatch(/^CLUSTERDOWN .* in dispute/);
  }
  for (const reply of await third.replies(inDispute.map((key) => ["SET", key, 1]))) {
    expect(reply.text).toMatch(/^CLUSTERDOWN /);
  }
  expect((await first.replies(agreed.map((key) => ["SET", key, 1]))).every(({ text }) => text === "OK")).toBe(true);
  expect((await first.reply("CLUSTER", "INFO")).text).toContain("cluster_state:fail");

  // Its list is corrected, so no slot is in dispute any more.
  await large.close();
  await until("the stranger to be forgotten", () => disputed(small) === 0 && disputed(other) === 0);
  expect((await first.replies(inDispute.map((key) => ["SET", key, 1]))).every(({ text }) => text === "OK")).toBe(true);
  large = await start(2, []);
  expect(disputed(large)).toBe(0);
  for (const connection of [first, third]) connection.close();
  await Promise.all([small, other, large].map((node) => node.close()));
}, 30_000);

test("nodes authenticate with the password, and without it there is no link", async () => {
  const messages: string[] = [];
  const report = (_level: string, message: string): void => void messages.push(message);
  const first = await start(0, [1], { requirepass: "secret", environment: { report } });
  const second = await start(1, [0], { masterauth: "secret" });
  const outgoing = (node: OpenServer) => node.server.parts.cluster!.links.find((link) => link !== undefined)!;
  await until("the node with the password to be let in", () => outgoing(second).isOpen);
  const third = await start(2, [0], { environment: { report } });
  await until("a complaint", () => messages.some((message) => message.includes("NOAUTH")));
  expect(outgoing(third).isOpen).toBe(false);
  await Promise.all([first, second, third].map((node) => node.close()));
});

test("an invalid greeting opens no link, and a server without a ring accepts none", async () => {
  const joined = await start(0, [1]);
  const alone = await startOpenServer({ port: 0, memory: true });
  const [client, other] = [await RespConnection.open(portOf(0), "0"), await RespConnection.open(alone.port, "alone")];
  for (const word of ["", "{}", "[1", '{"version":1}', "\u0000"]) {
    expect((await client.reply("MYREDIS.LINK", word)).text).toBe("ERR this is not a valid greeting of a node");
  }
  const stranger = {
    version: linkVersion,
    name: "10.9.8.7:1",
    runId: "r",
    databases: 16,
    view: { names: ["10.9.8.7:1"], virtualNodes: 160, pointsPerVirtualNode: 16 },
    to: names[0],
    number: 1,
  };
  expect((await other.reply("MYREDIS.LINK", "{}")).text).toStartWith("ERR unknown command");
  for (const connection of [client, other]) {
    const listed = (await connection.reply("COMMAND", "LIST")).items ?? [];
    expect(listed.filter(({ text }) => text?.startsWith("myredis") === true)).toEqual([]);
  }
  expect((await client.reply("MYREDIS.LINK", JSON.stringify(stranger))).text).toContain("is not among our peers");
  const older = { ...stranger, version: linkVersion - 1 };
  const olderClient = await RespConnection.open(portOf(0), "older");
  expect((await olderClient.reply("MYREDIS.LINK", JSON.stringify(older))).text).toContain(
    `its version of links is ${linkVersion - 1}, ours ${linkVersion}`,
  );
  olderClient.close();
  expect((await client.nextOrClosed()).text).toBe("(closed)");
  for (const connection of [client, other]) connection.close();
  await Promise.all([joined.close(), alone.close()]);
});

test("peers without self, and self without a port, prevent the start", async () => {
  const wrong = (options: StartOptions): Promise<OpenServer> => startOpenServer({ port: 0, memory: true, ...options });
  await expect(wrong({ peers: ["127.0.0.1:7000"] })).rejects.toThrow("peers needs self");
  await expect(wrong({ self: "127.0.0.1" })).rejects.toThrow("host:port");
});
