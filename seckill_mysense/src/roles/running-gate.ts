import { createConnection } from "node:net";
import type { GateServer } from "../gate/gate-connection.ts";
import type { Gate } from "../gate/gate.ts";
import type { Logger } from "../logging/logger.ts";
import { isEmbedded } from "../settings/load-settings.ts";
import type { Settings } from "../settings/settings.ts";
import { runningEmbeddedRedis } from "./embedded-redis.ts";
import { externalGateServer, openGate, secretsOf } from "./system-parts.ts";

/** The gate of the running system. Undefined when the gate is embedded and the system is stopped: nothing is sold then. */
export async function runningGate(settings: Settings, logger: Logger): Promise<Gate | undefined> {
  const external = externalGateServer(settings);
  if (external !== undefined) return openGate(settings, external, logger);
  // A system that is not fully embedded has no kept secret; the settings contain one.
  const secret = isEmbedded(settings) ? secretsOf(settings)[0]! : settings.backend.api_secret;
  const embedded = runningEmbeddedRedis(settings.data_dir, secret);
  // After a crash the file of ports is still there, but nobody listens.
  return embedded !== undefined && (await isListening(embedded)) ? openGate(settings, embedded, logger) : undefined;
}

function isListening(server: GateServer): Promise<boolean> {
  const [place] = "cluster" in server ? server.cluster : "port" in server ? [server] : [];
  if (place === undefined) return Promise.resolve(false);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = createConnection({ host: place.host, port: place.port }, () => resolve(true));
  socket.on("error", () => resolve(false));
  return promise.finally(() => socket.destroy());
}
