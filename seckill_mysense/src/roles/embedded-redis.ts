import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "my-redis";
import { deriveBytes } from "../authorization/signing-key.ts";
import type { GateServer } from "../gate/gate-connection.ts";
import type { Logger } from "../logging/logger.ts";

export interface EmbeddedRedis {
  readonly address: GateServer;
  close(): Promise<void>;
}

const host = "127.0.0.1";

/** Says where the embedded server of a running system listens, for `verify` beside it. */
function addressFile(dataDir: string): string {
  return join(dataDir, "my-redis.port");
}

/** Other users of the machine can reach the port as well, and must not be able to change the stock. */
function passwordFor(secret: string): string {
  return Buffer.from(deriveBytes(secret, "embedded-redis/password/")).toString("base64url");
}

/** Starts MyRedis in this process on a free port, with its append-only file in the data folder. */
export async function startEmbeddedRedis(options: {
  readonly dataDir: string;
  readonly secret: string;
  readonly appendFsync: "always" | "everysec";
  readonly logger: Logger;
}): Promise<EmbeddedRedis> {
  const { dataDir, logger } = options;
  const dir = join(dataDir, "my-redis");
  mkdirSync(dir, { recursive: true });
  const password = passwordFor(options.secret);
  const server = await startServer({
    bind: [host],
    port: 0,
    requirepass: password,
    dir,
    appendonly: true,
    appendfsync: options.appendFsync,
    environment: {
      report(level, message) {
        if (level === "warning" || level === "error") logger.warn("MyRedis", { detail: message });
        else logger.debug("MyRedis", { detail: message });
      },
    },
  });
  writeFileSync(addressFile(dataDir), `${server.port}\n`);
  return {
    address: { host, port: server.port, password },
    async close() {
      rmSync(addressFile(dataDir), { force: true });
      await server.close();
    },
  };
}

/** Where the embedded server of the system that has this data folder listens, as far as a file says. */
export function runningEmbeddedRedis(dataDir: string, secret: string): GateServer | undefined {
  try {
    const port = Number(readFileSync(addressFile(dataDir), "utf8"));
    return Number.isInteger(port) && port > 0 ? { host, port, password: passwordFor(secret) } : undefined;
  } catch {
    return undefined;
  }
}
