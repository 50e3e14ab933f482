import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Cluster } from "ioredis";
import { createCluster } from "redis";
import { freePorts, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { type OpenServer, type StartOptions, startOpenServer } from "../../src/start-server.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";
import { type CertificateFiles, certificates, openssl, tlsDirectives } from "./certificates.ts";
import { TlsClient } from "./tls-client.ts";

let nodes: OpenServer[] = [];
let log: string[] = [];

afterEach(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  nodes = [];
  log = [];
});

const linksOf = ({ server }: OpenServer): boolean[] =>
  server.parts.cluster!.links.flatMap((link) => (link === undefined ? [] : [link.isOpen]));

/** Starts three nodes, of which the last one has a certificate of its own. */
async function startRing(last: CertificateFiles, more: StartOptions = {}): Promise<void> {
  const ports = await freePorts(6);
  const names = ports.slice(3).map((port) => `127.0.0.1:${port}`);
  for (const [index, self] of names.entries()) {
    const place = { port: ports[index] as number, "tls-port": ports[index + 3] as number, self, peers: names };
    const report = (_level: string, message: string): void => void log.push(message);
    nodes.push(
      await startOpenServer({
        ...{ ...place, memory: true, "tls-cluster": true, environment: { report } },
        ...tlsDirectives(index === 2 ? last : undefined),
        ...more,
      }),
    );
  }
}

const untilWhole = (): Promise<void> =>
  waitUntil(() => nodes.every((node) => linksOf(node).every(Boolean)), { what: "a whole ring", timeoutMs: 10_000 });

describe.skipIf(openssl === undefined)("a ring over TLS (needs openssl)", () => {
  test("relays and redirects, each client to the port that fits its connection", async () => {
    const { ca, client, server } = certificates();
    await startRing(server, { "cluster-routing": "redirect" });
    await untilWhole();
    const [first] = nodes as [OpenServer, ...OpenServer[]];
    const plain = await RespConnection.open(first.port, "node 0");
    const byNumber = (a: number, b: number): number => a - b;
    const ports = (of: "port" | "tlsPort"): number[] => nodes.map((node) => node[of]).toSorted(byNumber);
    const listed = (await plain.reply("CLUSTER", "NODES")).text ?? "";
    const found = [...listed.matchAll(/127\.0\.0\.1:(\d+)@(\d+)/g)];
    expect(found.map(([, port]) => Number(port)).toSorted(byNumber)).toEqual(ports("port"));
    expect(found.map(([, , bus]) => Number(bus)).toSorted(byNumber)).toEqual(ports("tlsPort"));
    const identity = { ca: readFileSync(ca.cert), cert: readFileSync(client.cert), key: readFileSync(client.key) };
    const tls = { ...identity, checkServerIdentity: (): undefined => undefined };
    const keys = Array.from({ length: 50 }, (_, number) => `key:${number}`);
    const io = new Cluster([{ host: "127.0.0.1", port: first.tlsPort }], { redisOptions: { tls } });
    await Promise.all(keys.map((key) => io.set(key, key)));
    const known = io.nodes("master").map(({ options }) => (options as { port: number }).port);
    expect(known.toSorted(byNumber)).toEqual(ports("tlsPort"));
    io.disconnect();
    const node = createCluster({
      rootNodes: [{ url: `rediss://127.0.0.1:${first.tlsPort}` }],
      defaults: { socket: { tls: true, ...tls } },
    });
    node.on("error", () => {});
    await node.connect();
    expect(await Promise.all(keys.map((key) => node.get(key)))).toEqual(keys);
    node.destroy();
    const answers = await Promise.all(keys.map((key) => plain.reply("GET", key)));
    const moved = answers.flatMap(({ text }) => /^MOVED \d+ 127\.0\.0\.1:(\d+)$/.exec(text ?? "")?.[1] ?? []);
    expect(new Set(moved.map(Number))).toEqual(new Set(ports("port").filter((port) => port !== first.port)));
    plain.close();
  }, 20_000);

  test("lets no node in that shows no certificate of the authority, and says so", async () => {
    await startRing(certificates().stranger);
    const [first, second, last] = nodes as [OpenServer, OpenServer, OpenServer];
    await waitUntil(() => linksOf(first).includes(true) && linksOf(second).includes(true), {
      what: "a pair",
      timeoutMs: 10_000,
    });
    await waitUntil(() => log.some((line) => line.includes("TLS handshake")), { what: "a refusal", timeoutMs: 10_000 });
    // The others have connected meanwhile, so it could have done so, too.
    expect(linksOf(last)).toEqual([false, false]);
    expect(linksOf(first).filter(Boolean).length + linksOf(second).filter(Boolean).length).toBe(2);
    expect([...first.server.parts.cluster!.incomingLinks].length).toBe(1);
  }, 20_000);

  test("takes no link that is not encrypted, or without a certificate, whatever clients may do", async () => {
    const { client, server } = certificates();
    await startRing(server, { "tls-auth-clients": "no" });
    await untilWhole();
    const [first, second] = nodes as [OpenServer, OpenServer, OpenServer];
    const view = { names: second.server.parts.cluster!.members.names, virtualNodes: 0, pointsPerVirtualNode: 0 };
    const [name, to] = [second, first].map((node) => node.server.settings.values.self);
    const greeting = JSON.stringify({ version: 2, name, to, runId: "x", databases: 16, number: 1, view });
    const request = `*2\r\n$12\r\nMYREDIS.LINK\r\n$${greeting.length}\r\n${greeting}\r\n`;
    const refusal = "tls-cluster is on, and it has not shown a valid certificate over TLS";
    const anonymous = await TlsClient.open(first.tlsPort);
    expect(await anonymous.ask(request)).toContain(refusal);
    const plain = await RespConnection.open(first.port, "node 0");
    expect((await plain.reply("MYREDIS.LINK", greeting)).text).toContain(refusal);
    plain.close();
    const certified = await TlsClient.open(first.tlsPort, client);
    const answer = await certified.ask(request);
    expect(answer).toStartWith("+LINK ");
    expect(answer).not.toContain(refusal);
    for (const each of [anonymous, certified]) each.socket.destroy();
  }, 20_000);

  test("fails over when a primary is gone", async () => {
    const { client, server } = certificates();
    const ports = await freePorts(3);
    const names = ports.map((port) => `127.0.0.1:${port}`);
    for (const [index, self] of names.entries()) {
      nodes.push(
        await startOpenServer({
          ...{ port: 0, "tls-port": ports[index] as number, self, peers: names, "cluster-replicas": names.join(" ") },
          ...{ "tls-cluster": true, appendonly: true, save: "", dir: temporaryFolder("tls-ring") },
          ...{ "cluster-acknowledgement": "replica", "cluster-node-timeout": 600, ...tlsDirectives(server) },
        }),
      );
    }
    const statusOf = (node: OpenServer) => node.server.parts.cluster!.seat?.status;
    const primary = (): OpenServer | undefined => nodes.find((node) => (statusOf(node)?.leaseLeftMs ?? 0) > 0);
    const inSync = (count: number) => (): boolean => {
      const found = primary();
      return found !== undefined && statusOf(found)?.inSync.length === count;
    };
    await waitUntil(inSync(3), { what: "replicas in sync", timeoutMs: 20_000 });
    const before = primary() as OpenServer;
    const writer = await TlsClient.open(before.tlsPort, client);
    expect(await writer.ask("SET key value\r\n")).toBe("+OK\r\n");
    nodes = nodes.filter((node) => node !== before);
    await before.close();
    await waitUntil(() => primary() !== undefined, { what: "another primary", timeoutMs: 20_000 });
    const reader = await TlsClient.open((primary() as OpenServer).tlsPort, client);
    expect(await reader.ask("GET key\r\n", "value\r\n")).toBe("$5\r\nvalue\r\n");
    reader.socket.destroy();
  }, 40_000);

  test("takes a node in that comes later", async () => {
    const ports = await freePorts(6);
    const [first, second] = ports.slice(3).map((port) => `127.0.0.1:${port}`) as [string, string];
    for (const [index, self] of [first, second].entries()) {
      nodes.push(
        await startOpenServer({
          ...{ port: ports[index] as number, "tls-port": ports[index + 3] as number, self, peers: first },
          ...{ "tls-cluster": true, "cluster-members": "agreed", "cluster-node-timeout": 600, ...tlsDirectives() },
          ...{ appendonly: true, save: "", dir: temporaryFolder("tls-ring") },
        }),
      );
    }
    const client = await RespConnection.open(ports[0] as number, "node 0");
    const serves = async (): Promise<boolean> => (await client.reply("SET", "key", "value")).text === "OK";
    await waitUntil(serves, { what: "a ring of one node", timeoutMs: 20_000 });
    const [host, port] = second.split(":") as [string, string];
    expect((await client.reply("CLUSTER", "MEET", host, port)).text).toBe("OK");
    const ownsSlots = (): boolean => nodes[1]?.server.parts.cluster!.seat?.status.role === "primary";
    await waitUntil(ownsSlots, { what: "a second place", timeoutMs: 20_000 });
    expect((await client.reply("GET", "key")).text).toBe("value");
    client.close();
  }, 40_000);

  test("must be encrypted as a whole, or not at all", async () => {
    const start = (options: StartOptions): Promise<unknown> =>
      startOpenServer({ port: 0, memory: true, self: "127.0.0.1:1", ...tlsDirectives(), ...options }).then(
        () => "started",
        (error: Error) => error.message,
      );
    expect(await start({ "tls-cluster": true })).toStartWith("tls-cluster needs tls-port");
    expect(await start({ "tls-replication": true })).toStartWith("tls-replication needs tls-cluster on a ring");
  });
});
