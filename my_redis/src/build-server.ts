import { joinCluster } from "./cluster/join-cluster.ts";
import type { ClusterNode } from "./cluster/cluster-node.ts";
import { DataEpoch } from "./cluster/failover/data-epoch.ts";
import { MoveCursors } from "./cluster/moving/move-cursors.ts";
import { OpenWrites } from "./cluster/seat-transaction/open-writes.ts";
import { RecordBook } from "./cluster/transaction/record-book.ts";
import { transactionLog } from "./cluster/transaction/transaction-log.ts";
import { commandsOf } from "./commands/index.ts";
import { ChangeLog } from "./dispatch/change-log.ts";
import type { CommandHook } from "./dispatch/checks/command-hook.ts";
import { CommandTable } from "./dispatch/command-table.ts";
import type { Command } from "./dispatch/context.ts";
import { Statistics } from "./dispatch/observers/statistics.ts";
import type { ShutdownPort } from "./dispatch/ports.ts";
import { TurnClock } from "./dispatch/turn-clock.ts";
import type { Environment } from "./environment.ts";
import { Migrations } from "./migration/migrations.ts";
import { NetworkServer } from "./network/network-server.ts";
import type { Connect } from "./network/transport.ts";
import { Encryption } from "./network/tls/encryption.ts";
import { Turn } from "./network/turn.ts";
import { bothExtensions } from "./persistence/aof/log-extension.ts";
import { FileStorage } from "./persistence/file-storage.ts";
import { Replication } from "./replication/replication.ts";
import { type OuterParts, Server } from "./server.ts";
import type { Settings } from "./settings/settings.ts";

/** The outer parts of a server that was started, as opposed to a bare one in a test. */
export interface StartedParts extends OuterParts {
  readonly network: NetworkServer;
  readonly storage: FileStorage | undefined;
  readonly cluster: ClusterNode | undefined;
  readonly migrations: Migrations;
  readonly replication: Replication;
  /** Writes across nodes, as the log knows them. */
  readonly book: RecordBook;
}

export type BuiltServer = Server<StartedParts>;

export interface BuildOptions {
  readonly settings: Settings;
  readonly environment: Environment;
  /** Whether the server reads and writes no files. */
  readonly memory: boolean;
  readonly connect: Connect;
  readonly onCommand: CommandHook | undefined;
}

/**
 * Builds all parts of a server, from the inside out. Nothing runs yet: it does not listen, read files or set timers.
 * Throws DirectiveError for directives that contradict each other.
 */
export function buildServer(
  { settings, environment, memory, connect, onCommand }: BuildOptions,
  shutdown?: ShutdownPort,
): { readonly server: BuiltServer; readonly turn: Turn } {
  const changes = new ChangeLog();
  const clock = new TurnClock(environment);
  const statistics = new Statistics();
  const turn = new Turn({ changes, clock, statistics });
  const book = new RecordBook();
  const data = new DataEpoch();
  const cursors = new MoveCursors();
  const writes = new OpenWrites();
  const ofRing = bothExtensions(data, bothExtensions(cursors, writes));
  const server = new Server<StartedParts>({
    settings,
    environment,
    changes,
    clock,
    statistics,
    ...(shutdown === undefined ? {} : { shutdown }),
    onCommand,
    commands: new CommandTable<Command>(commandsOf(settings.values.compatibility)),
    replies: turn,
    parts: (services) => {
      const encryption = new Encryption(settings);
      const network = new NetworkServer(services, turn, encryption);
      const encryptedIf =
        (isEncrypted: () => boolean): Connect =>
        (options, handlers) =>
          connect(isEncrypted() ? { ...options, tls: encryption.contexts } : options, handlers);
      const toNodes = encryptedIf(() => settings.values["tls-cluster"]);
      const toPrimary = encryptedIf(() => isEncryptedToPrimary(settings));
      return {
        book,
        network,
        storage: memory
          ? undefined
          : new FileStorage(services, bothExtensions(transactionLog(book, environment.monotonicMs), ofRing)),
        cluster: joinCluster(services, { network, turn, connect: toNodes, book, data, cursors, writes }),
        replication: new Replication(services, { connect: toPrimary, turn }),
        migrations: new Migrations(services, { connect: toNodes, inTurn: (work) => turn.run(work) }),
      };
    },
  });
  return { server, turn };
}

/** On a ring, a replica reaches its primary as nodes reach each other: at the address that is the primary's name. */
const isEncryptedToPrimary = ({ values }: Settings): boolean =>
  values.self === "" ? values["tls-replication"] : values["tls-cluster"];
