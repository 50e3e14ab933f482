import { CommandTable } from "./command/command-table.ts";
import { allCommands } from "./commands/index.ts";
import { type Environment, systemEnvironment } from "./environment.ts";
import { listenWithBun } from "./network/bun-transport.ts";
import { listenOnAddresses } from "./network/listen-on-addresses.ts";
import { NetworkServer } from "./network/network-server.ts";
import { listenWithNode } from "./network/node-transport.ts";
import { openAppendOnlyFile } from "./persistence/append-only-file.ts";
import { CommandLog } from "./persistence/command-log.ts";
import { Server } from "./server.ts";
import { Settings, type SettingValues } from "./settings/settings.ts";

/** What an embedding program may choose: any directive by its name in redis.conf, and what is no directive. */
export interface StartOptions extends Partial<SettingValues> {
  /** Keeps everything in memory: no file is read or written, whatever the directives say. */
  readonly memory?: boolean;
  /** Clock, chance and messages of the caller's own; what is left out is the real world's. */
  readonly environment?: Partial<Environment>;
}

export interface RunningServer {
  /** The port that was taken: a free one if port 0 was asked for. */
  readonly port: number;
  /** The first address that is listened on. */
  readonly host: string;
  readonly server: Server;
  /** Accepts nobody any more, finishes what has been asked, and resolves when all is closed and on disk. */
  close(): Promise<void>;
}

/**
 * Starts a server in this process, on Bun or on Node.
 *
 *     const redis = await startServer({ port: 0, memory: true });
 *     // ... connect to redis.port ...
 *     await redis.close();
 *
 * Rejects when the address cannot be used or a directive has no such value.
 */
export async function startServer(options: StartOptions = {}): Promise<RunningServer> {
  const { memory = false, environment, ...directives } = options;
  const settings = new Settings(directives);
  if (memory) settings.values.appendonly = false;
  const server = new Server(
    settings,
    { ...systemEnvironment(() => {}), ...environment },
    new CommandTable(allCommands),
  );
  const network = new NetworkServer(server);
  const closeLog = settings.values.appendonly ? startLog(server, network) : () => {};
  const listen = typeof Bun === "undefined" ? listenWithNode : listenWithBun;
  const { host, port } = await listenOnAddresses(network, listen, settings.values.bind, settings.values.port);
  return {
    host,
    port,
    server,
    close: async () => {
      network.close();
      closeLog();
    },
  };
}

/** Loads the append-only file, and logs to it from now on. The result syncs and closes it. */
function startLog(server: Server, network: NetworkServer): () => void {
  const { values } = server.settings;
  const file = openAppendOnlyFile(server, {
    folder: values.dir,
    logFolder: values.appenddirname,
    fileName: values.appendfilename,
    syncPolicy: values.appendfsync,
    loadTruncated: values["aof-load-truncated"],
    checksums: values["aof-checksum"],
  });
  file.onFailure = (refusal) => {
    server.logFailure = refusal;
  };
  server.log = new CommandLog(file);
  network.durability = file;
  return () => file.close();
}
