import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterEach, describe, expect, test } from "bun:test";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { freePort, requireService, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { DirectiveError } from "../../src/settings/directive.ts";
import { type OpenServer, type StartOptions, startOpenServer } from "../../src/start-server.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";
import { type CertificateFiles, certificates, openssl, tlsDirectives } from "./certificates.ts";
import { TlsClient } from "./tls-client.ts";

const redis = requireService("redis");
let running: OpenServer | undefined;
let log: string[] = [];
const open: (TlsClient | RespConnection | Socket)[] = [];

afterEach(async () => {
  for (const each of open.splice(0)) {
    if (each instanceof TlsClient) each.socket.destroy();
    else if (each instanceof RespConnection) each.close();
    else each.destroy();
  }
  await running?.close();
  running = undefined;
  log = [];
});

for (const transport of ["bun", "node"] as const) {
  const start = async (options: StartOptions = {}): Promise<OpenServer> => {
    const report = (_level: string, message: string): void => void log.push(message);
    const tlsPort = await freePort();
    running = await startOpenServer({
      ...{ port: 0, "tls-port": tlsPort, memory: true, transport, environment: { report } },
      ...tlsDirectives(),
      ...options,
    });
    return running;
  };
  const client = async (own?: CertificateFiles, options = {}): Promise<TlsClient> => {
    const opened = await TlsClient.open((running as OpenServer).tlsPort, own, options);
    open.push(opened);
    return opened;
  };
  const ping = async (own?: CertificateFiles, options = {}): Promise<string> =>
    (await client(own, options)).ask("PING\r\n");
  const info = async (asker: TlsClient, section: string, name: string): Promise<string | undefined> => {
    const text = await asker.ask(`INFO ${section}\r\n`, "\r\n\r\n").catch(() => asker.received);
    return new RegExp(`^${name}:(.*)\r$`, "m").exec(text)?.[1];
  };

  describe.skipIf(openssl === undefined)(`encrypted clients over ${transport} sockets (needs openssl)`, () => {
    test("need a valid certificate unless tls-auth-clients says otherwise", async () => {
      const { client: good, expired, stranger } = certificates();
      const { server } = await start();
      const answers = async (): Promise<string[]> => [
        await ping(good),
        await ping(),
        await ping(expired),
        await ping(stranger),
      ];
      const pong = "+PONG\r\n";
      expect(await answers()).toEqual([pong, "closed", "closed", "closed"]);
      server.settings.change([{ name: "tls-auth-clients", value: "optional" }], () => {});
      expect(await answers()).toEqual([pong, pong, "closed", "closed"]);
      server.settings.change([{ name: "tls-auth-clients", value: "no" }], () => {});
      expect(await answers()).toEqual([pong, pong, pong, pong]);
      const asker = await client(good);
      expect(await info(asker, "stats", "tls_handshakes_failed")).toBe("5");
      // One line for all that fail within some seconds.
      expect(log.filter((line) => line.includes("TLS handshake")).length).toBe(1);
      expect(log.join()).toMatch(/the TLS handshake with 127\.0\.0\.1:\d+ has failed: /);
    });

    test("are the only ones when port is 0, and see when certificates expire", async () => {
      const { port, tlsPort, url } = await start();
      expect([port, url]).toEqual([0, `rediss://127.0.0.1:${tlsPort}`]);
      const asker = await client(certificates().client);
      expect(await info(asker, "server", "tcp_port")).toBe(`${tlsPort}`);
      for (const name of ["server", "client", "ca"]) {
        const seconds = Number(await info(asker, "server", `tls_${name}_cert_expires_in_seconds`));
        expect(seconds).toBeGreaterThan(29 * 86_400);
        expect(seconds).toBeLessThanOrEqual(30 * 86_400);
      }
      const plain = connect(tlsPort, "127.0.0.1");
      open.push(plain);
      let received = "";
      plain.on("data", (chunk) => (received += chunk.toString("latin1")));
      plain.write("PING\r\n");
      await new Promise((resolve) => plain.once("close", resolve));
      expect(received).not.toContain("PONG");
      expect(log.join()).toMatch(/the TLS handshake with 127\.0\.0\.1:\d+ has failed: \w+/);
    });

    test("that have taken the port that is not encrypted learn it at once, and the log says so", async () => {
      const { port } = await start({ port: await freePort() });
      const mistaken = await TlsClient.open(port, certificates().client);
      open.push(mistaken);
      await waitUntil(() => mistaken.closed, { what: "the end of its connection", timeoutMs: 10_000 });
      // A length that looks like the end of a line.
      const raw = connect(port, "127.0.0.1");
      open.push(raw);
      let received = "";
      raw.on("data", (chunk) => (received += chunk.toString("latin1")));
      raw.write(Buffer.from([22, 3, 1, 2, 10, 1, 0]));
      await new Promise((resolve) => raw.once("close", resolve));
      expect(received).toBe("-ERR Protocol error: the client speaks TLS, and this port is not encrypted\r\n");
      expect(
        log.filter((line) => /^127\.0\.0\.1:\d+ speaks TLS to a port that is not encrypted/.test(line)).length,
      ).toBe(1);
    });

    test("keep their connections when the certificate changes; a bad one is refused with the reason", async () => {
      const { client: own, renewed, server: first, stranger } = certificates();
      const folder = temporaryFolder("renewed");
      const files = { cert: join(folder, "server.crt"), key: join(folder, "server.key") };
      const put = ({ cert, key }: CertificateFiles): void => {
        copyFileSync(cert, files.cert);
        copyFileSync(key, files.key);
      };
      put(first);
      await start(tlsDirectives(files));
      const nameOf = (of: TlsClient): unknown => of.socket.getPeerCertificate().subject.CN;
      const before = await client(own);
      expect(nameOf(before)).toBe("server");
      put(renewed);
      const set = `CONFIG SET tls-cert-file ${files.cert} tls-key-file ${files.key}\r\n`;
      expect(await before.ask(set)).toBe("+OK\r\n");
      expect(nameOf(await client(own))).toBe("renewed");
      expect(await before.ask("PING\r\n")).toBe("+PONG\r\n");
      const refused = async (request: string): Promise<string> => (await before.ask(`${request}\r\n`)).trim();
      const failed = (name: string): string => `-ERR CONFIG SET failed (possibly related to argument '${name}') - `;
      writeFileSync(files.cert, "no certificate");
      expect(await refused(`CONFIG SET tls-cert-file ${files.cert}`)).toBe(
        `${failed("tls-cert-file")}tls-cert-file '${files.cert}': it contains no certificate in PEM form`,
      );
      put(renewed);
      expect(await refused(`CONFIG SET tls-key-file ${stranger.key}`)).toBe(
        `${failed("tls-key-file")}tls-key-file '${stranger.key}': it is not the key of tls-cert-file '${files.cert}'`,
      );
      expect(await refused("CONFIG SET tls-ca-cert-file /nowhere")).toBe(
        `${failed("tls-ca-cert-file")}tls-ca-cert-file '/nowhere': No such file or directory`,
      );
      expect(nameOf(await client(own))).toBe("renewed");
      expect(await ping(stranger)).toBe("closed");
      expect(await before.ask(`CONFIG SET tls-ca-cert-file ${certificates().otherCa.cert}\r\n`)).toBe("+OK\r\n");
      expect(await ping(stranger, { rejectUnauthorized: false })).toBe("+PONG\r\n");
      expect(await ping(own, { rejectUnauthorized: false })).toBe("closed");
    });

    test("speak the versions and ciphers that are allowed", async () => {
      const { client: own } = certificates();
      const { server } = await start({ "tls-protocols": "TLSv1.2", "tls-ciphers": "ECDHE-ECDSA-AES128-GCM-SHA256" });
      const first = await client(own);
      expect(first.socket.getProtocol()).toBe("TLSv1.2");
      expect(first.socket.getCipher().name).toBe("ECDHE-ECDSA-AES128-GCM-SHA256");
      expect(await ping(own, { minVersion: "TLSv1.3" })).toBe("closed");
      server.settings.change([{ name: "tls-protocols", value: ["TLSv1.3"] }], () => {});
      expect((await client(own)).socket.getProtocol()).toBe("TLSv1.3");
      expect(await ping(own, { maxVersion: "TLSv1.2" })).toBe("closed");
    });

    test("get long replies whole, at their own pace, and block and subscribe as others do", async () => {
      const { client: own } = certificates();
      const { server } = await start();
      const [reader, other] = [await client(own), await client(own)];
      const length = 64 * 1024 * 1024;
      await other.ask(`SETRANGE long ${length - 1} x\r\n`);
      reader.socket.pause();
      reader.socket.write("GET long\r\nECHO end\r\n");
      const unread = (): number =>
        [...server.clients.connected.values()].reduce((sum, { client: { channel } }) => sum + channel.pendingBytes, 0);
      await waitUntil(() => unread() > length / 2, { what: "a reply that is not read", timeoutMs: 10_000 });
      expect(await other.ask("PING\r\n")).toBe("+PONG\r\n");
      let bytes = 0;
      let tail = "";
      reader.socket.removeAllListeners("data");
      reader.socket.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        tail = (tail + chunk.toString("latin1", Math.max(0, chunk.length - 20))).slice(-20);
      });
      reader.socket.resume();
      await waitUntil(() => tail.endsWith("x\r\n$3\r\nend\r\n"), { what: "the whole reply", timeoutMs: 20_000 });
      expect(bytes).toBe(`$${length}\r\n`.length + length + "\r\n$3\r\nend\r\n".length);
      const [blocked, subscriber] = [await client(own), await client(own)];
      const popped = blocked.ask("BLPOP list 0\r\n", "value\r\n");
      await waitUntil(() => server.blocking.count === 1, { what: "a blocked client", timeoutMs: 10_000 });
      await other.ask("RPUSH list value\r\n");
      expect(await popped).toBe("*2\r\n$4\r\nlist\r\n$5\r\nvalue\r\n");
      await subscriber.ask("SUBSCRIBE channel\r\n", ":1\r\n");
      subscriber.received = "";
      expect(await other.ask("PUBLISH channel message\r\n")).toBe(":1\r\n");
      await waitUntil(() => subscriber.received.endsWith("message\r\n"), { what: "the message", timeoutMs: 10_000 });
      expect(await blocked.ask("QUIT\r\n")).toBe("+OK\r\n");
      await waitUntil(() => blocked.closed, { what: "the end after QUIT", timeoutMs: 10_000 });
    }, 40_000);

    test.skipIf(redis.missing)("are redis-cli, redis-benchmark, ioredis and node-redis", async () => {
      const { ca, client: own } = certificates();
      const { tlsPort } = await start();
      const words = ["-p", `${tlsPort}`, "--tls", "--cacert", ca.cert, "--cert", own.cert, "--key", own.key];
      const run = (program: string, ...more: string[]): Promise<string> =>
        new Response(Bun.spawn([program, ...words, ...more], { timeout: 20_000 }).stdout).text();
      expect(await run("redis-cli", "SET", "key", "value")).toBe("OK\n");
      expect(await run("redis-benchmark", "-t", "set,lpush", "-n", "5000", "-P", "8", "-q")).toContain("LPUSH");
      const identity = { ca: readFileSync(ca.cert), cert: readFileSync(own.cert), key: readFileSync(own.key) };
      const tls = { ...identity, checkServerIdentity: (): undefined => undefined };
      const io = new Redis({ port: tlsPort, tls });
      expect(await io.pipeline().incr("number").get("key").exec()).toEqual([
        [null, 1],
        [null, "value"],
      ]);
      io.disconnect();
      const node = createClient({ url: `rediss://127.0.0.1:${tlsPort}`, socket: { tls: true, ...tls } });
      node.on("error", () => {});
      await node.connect();
      expect(await node.get("number")).toBe("1");
      node.destroy();
    });

    test("get in while a thousand others have connected and say nothing, or only the beginning", async () => {
      const { client: own } = certificates();
      await start();
      const asker = await client(own);
      let closed = 0;
      for (let number = 0; number < 1000; number++) {
        const silent = connect((running as OpenServer).tlsPort, "127.0.0.1");
        open.push(silent);
        silent.on("error", () => {});
        silent.on("close", () => closed++);
        silent.resume();
        // The beginning of a message of 512 bytes.
        if (number % 3 === 0) silent.write(Buffer.from([22, 3, 1, 2, 0, 1]));
      }
      await waitUntil(async () => (await info(asker, "stats", "tls_handshakes_open")) === "1000", {
        what: "a thousand handshakes",
        timeoutMs: 10_000,
      });
      for (let number = 0; number < 5; number++) expect(await ping(own)).toBe("+PONG\r\n");
      // Not because the others were given up.
      expect(closed).toBe(0);
    }, 20_000);

    test("take no room any more once they have their last reply, although they leave their side open", async () => {
      const { client: own } = certificates();
      const { server } = await start();
      const { connected } = server.clients;
      const [first, second] = [await client(own, { allowHalfOpen: true }), await client(own, { allowHalfOpen: true })];
      const ended = new Promise((resolve) => first.socket.once("end", resolve));
      expect(await first.ask("QUIT\r\n")).toBe("+OK\r\n");
      await ended;
      await waitUntil(() => connected.size === 1, { what: "the end of the first", timeoutMs: 10_000 });
      const [killer, victim] = [await client(own), second];
      await killer.ask(`SETRANGE long ${64 * 1024 * 1024 - 1} x\r\n`);
      victim.socket.pause();
      victim.socket.write("GET long\r\n");
      const unread = (): number =>
        [...connected.values()].reduce((sum, { client: { channel } }) => sum + channel.pendingBytes, 0);
      await waitUntil(() => unread() > 0, { what: "a reply that is not read", timeoutMs: 10_000 });
      expect(await killer.ask("CLIENT KILL TYPE normal SKIPME yes\r\n")).toBe(":1\r\n");
      await waitUntil(() => connected.size === 1, { what: "the end of the second", timeoutMs: 10_000 });
    }, 40_000);

    test("that leave before the handshake is over are forgotten at once", async () => {
      const { client: own } = certificates();
      await start();
      const asker = await client(own);
      for (const first of [Buffer.alloc(0), Buffer.from([22, 3, 1, 2, 0, 1])]) {
        const leaving = connect((running as OpenServer).tlsPort, "127.0.0.1");
        open.push(leaving);
        await new Promise((resolve) => leaving.once("connect", resolve));
        await waitUntil(async () => (await info(asker, "stats", "tls_handshakes_open")) === "1", {
          what: "a handshake",
          timeoutMs: 10_000,
        });
        leaving.end(first);
        await waitUntil(async () => (await info(asker, "stats", "tls_handshakes_open")) === "0", {
          what: "its end",
          timeoutMs: 10_000,
        });
      }
      expect(log.join()).toMatch(/has failed: .*(closed|disconnected|reset|hang up)/);
    }, 30_000);

    test("that leave in the middle of their first message are forgotten at once, also while many others are silent", async () => {
      const { client: own } = certificates();
      await start();
      const asker = await client(own);
      const connectSilent = async (): Promise<Socket> => {
        const silent = connect((running as OpenServer).tlsPort, "127.0.0.1");
        open.push(silent);
        silent.on("error", () => {});
        await new Promise((resolve) => silent.once("connect", resolve));
        return silent;
      };
      const untilOpen = (count: number, what: string): Promise<void> =>
        waitUntil(async () => (await info(asker, "stats", "tls_handshakes_open")) === `${count}`, {
          what,
          timeoutMs: 8000,
        });
      for (let number = 0; number < 64; number++) await connectSilent();
      for (const leave of ["end", "resetAndDestroy"] as const) {
        for (const first of [Buffer.alloc(0), Buffer.from([22, 3, 1, 2, 0, 1])]) {
          const leaving = await connectSilent();
          await untilOpen(65, "one more");
          await new Promise<void>((resolve) => void leaving.write(first, () => resolve()));
          leaving[leave]();
          await untilOpen(64, `its end by ${leave} after ${first.length} bytes`);
        }
      }
    }, 40_000);

    test("whose bytes were changed on the way are disconnected", async () => {
      const { client: own } = certificates();
      const { server } = await start();
      for (const changed of [Buffer.from("PING\r\n"), Buffer.from([23, 3, 3, 0, 32, ...Array(32).keys()])]) {
        const { client: changedClient, between } = await TlsClient.openThrough((running as OpenServer).tlsPort, own);
        open.push(changedClient, between);
        expect(await changedClient.ask("PING\r\n")).toBe("+PONG\r\n");
        between.write(changed);
        await waitUntil(() => server.clients.connected.size === 0, { what: "its end", timeoutMs: 10_000 });
      }
    });

    test("that leave the handshake half done count against maxclients, and keep nobody out for long", async () => {
      const { client: own } = certificates();
      await start({ maxclients: 100 });
      const silent = Array.from({ length: 110 }, () => connect((running as OpenServer).tlsPort, "127.0.0.1"));
      let closed = 0;
      for (const socket of silent) {
        open.push(socket);
        socket.on("error", () => {});
        socket.on("close", () => closed++);
        // Otherwise the end of a connection is not reported.
        socket.resume();
      }
      await waitUntil(() => closed === 10, { what: "the end of those above maxclients", timeoutMs: 10_000 });
      const { settings } = (running as OpenServer).server;
      settings.change([{ name: "maxclients", value: 200 }], () => {});
      // Those that say nothing let others begin, long before their time is over.
      const asker = await client(own);
      expect(await asker.ask("PING\r\n")).toBe("+PONG\r\n");
      expect(await info(asker, "stats", "tls_handshakes_refused")).toBe("10");
      expect(await info(asker, "stats", "tls_handshakes_open")).toBe("100");
    });
  });
}

describe.skipIf(openssl === undefined)("a server with tls-port (needs openssl)", () => {
  const startWith = (options: StartOptions): Promise<OpenServer> =>
    startOpenServer({ port: 0, memory: true, "tls-port": 1, ...options });

  test("says in one line what its files lack", async () => {
    const { ca, lockedKey, server, stranger } = certificates();
    const refusal = (options: StartOptions): Promise<unknown> =>
      startWith(options).then(
        () => "started",
        (error: unknown) => (error instanceof DirectiveError ? error.message : error),
      );
    expect(await refusal({})).toBe("tls-cert-file is missing: encrypted connections need it");
    expect(await refusal({ "tls-cert-file": server.cert })).toBe(
      "tls-key-file is missing: encrypted connections need it",
    );
    const files = { "tls-cert-file": server.cert, "tls-key-file": server.key };
    expect(await refusal(files)).toBe(
      "tls-ca-cert-file or tls-ca-cert-dir is missing: tls-replication, tls-cluster and tls-auth-clients need one",
    );
    expect(await refusal({ ...files, "tls-key-file": stranger.key })).toBe(
      `tls-key-file '${stranger.key}': it is not the key of tls-cert-file '${server.cert}'`,
    );
    expect(await refusal({ ...files, "tls-ca-cert-file": ca.key })).toBe(
      `tls-ca-cert-file '${ca.key}': it contains no certificate in PEM form`,
    );
    expect(await refusal({ ...files, "tls-ca-cert-dir": "/nowhere" })).toBe(
      "tls-ca-cert-dir '/nowhere': No such file or directory",
    );
    const locked = { ...tlsDirectives(), "tls-key-file": lockedKey };
    expect(await refusal(locked)).toStartWith(`tls-key-file '${lockedKey}': `);
    expect(await refusal({ ...locked, "tls-key-file-pass": "wrong" })).toStartWith(`tls-key-file '${lockedKey}': `);
    expect(await refusal({ ...tlsDirectives(), "tls-ciphers": "NONE-SUCH" })).toBe(
      "tls-ciphers 'NONE-SUCH': no cipher match",
    );
  });

  test("reads an encrypted key, and authorities from a folder", async () => {
    const { ca, lockedKey, server } = certificates();
    const folder = temporaryFolder("authorities");
    copyFileSync(ca.cert, join(folder, "authority.pem"));
    writeFileSync(join(folder, "README"), "no certificate");
    running = await startWith({
      "tls-port": await freePort(),
      "tls-cert-file": server.cert,
      "tls-key-file": lockedKey,
      "tls-key-file-pass": "secret",
      "tls-ca-cert-dir": folder,
    });
    const { client: good, stranger } = certificates();
    for (const [own, answer] of [
      [good, "+PONG\r\n"],
      [stranger, "closed"],
    ] as const) {
      const client = await TlsClient.open(running.tlsPort, own);
      open.push(client);
      expect(await client.ask("PING\r\n")).toBe(answer);
    }
  });
});
