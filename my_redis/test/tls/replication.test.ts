import { describe, expect, test } from "bun:test";
import { freePort, requireService, waitUntil } from "../../../tools/test-services/index.ts";
import { closedAfterEach, startServer, type TestServer } from "../replication/replication-servers.ts";
import { type CertificateFiles, certificates, openssl, tlsDirectives } from "./certificates.ts";

const redis = requireService("redis");
const kinds = [
  ["MyRedis", "redis-server"],
  ["redis-server", "MyRedis"],
  ["MyRedis", "MyRedis"],
] as const;

describe.skipIf(redis.missing || openssl === undefined)(`replication over TLS${redis.reason} (needs openssl)`, () => {
  const closed = closedAfterEach();
  /** A server whose links to primaries are encrypted. */
  const start = async (kind: TestServer["name"], own: CertificateFiles, more: Record<string, string> = {}) => {
    const tlsPort = await freePort();
    const tls = { "tls-port": `${tlsPort}`, "tls-replication": "yes", ...tlsDirectives(own) };
    // With port 0 MyRedis has no port besides.
    const port = kind === "MyRedis" ? { port: `${await freePort()}` } : {};
    return { tlsPort, ...(await closed(startServer(kind, { ...tls, ...port, ...more }))) };
  };
  const linkOf = async (replica: TestServer): Promise<string> =>
    /master_link_status:(\w+)/.exec(await replica.ask("INFO", "replication"))?.[1] ?? "";
  const syncsOf = async (primary: TestServer, kind: "full" | "partial_ok"): Promise<number> =>
    Number(new RegExp(`sync_${kind}:(\\d+)`).exec(await primary.ask("INFO", "stats"))?.[1]);

  for (const [of, to] of kinds) {
    test(`from ${of} to ${to}: everything at first, then what is missing`, async () => {
      const { client, server } = certificates();
      const primary = await start(of, server, { requirepass: "secret" });
      // The certificates that servers show to each other may be others than those for clients.
      const asClient = { "tls-client-cert-file": client.cert, "tls-client-key-file": client.key };
      const replica = await start(to, server, { masterauth: "secret", ...asClient });
      await primary.ask("AUTH", "secret");
      await primary.ask("DEBUG", "POPULATE", 2000, "key", 500);
      await primary.ask("SET", "key", "first");
      await replica.ask("REPLICAOF", "127.0.0.1", primary.tlsPort);
      const has = (value: string) => async (): Promise<boolean> =>
        (await replica.ask("GET", "key")).includes(value) && (await linkOf(replica)) === "up";
      await waitUntil(has("first"), { what: "the first data", timeoutMs: 15_000 });
      expect(await replica.ask("DBSIZE")).toContain("2001");
      await primary.ask("CLIENT", "KILL", "TYPE", "replica");
      await primary.ask("SET", "key", "second");
      await waitUntil(has("second"), { what: "what was missing", timeoutMs: 15_000 });
      expect([await syncsOf(primary, "full"), await syncsOf(primary, "partial_ok")]).toEqual([1, 1]);
      expect(await primary.ask("INFO", "replication")).toContain(`port=${replica.tlsPort},`);
    }, 40_000);
  }

  for (const [of, to] of kinds) {
    test(`from ${of} to ${to} is refused when either certificate is not of the authority`, async () => {
      const { client, server, stranger } = certificates();
      for (const [ofPrimary, ofReplica] of [
        [server, stranger],
        [stranger, client],
      ] as const) {
        const primary = await start(of, ofPrimary);
        const replica = await start(to, ofReplica);
        await primary.ask("SET", "key", "value");
        await replica.ask("REPLICAOF", "127.0.0.1", primary.tlsPort);
        const own =
          to === "MyRedis"
            ? /is not followed: .*/
            : /Error condition on socket for SYNC|MASTER aborted replication|Failed to read response/;
        await waitUntil(() => own.test(replica.log()), { what: "a line in the log", timeoutMs: 15_000 });
        expect(await linkOf(replica)).toBe("down");
        expect(await replica.ask("GET", "key")).not.toContain("value");
      }
    }, 40_000);
  }
});
