import type { Services } from "../../dispatch/context.ts";
import type { Turn } from "../../network/turn.ts";
import type { Cluster } from "../cluster.ts";
import type { TrackedReads } from "../routing/tracked-reads.ts";
import type { OpenWrites } from "../seat-transaction/open-writes.ts";
import { SeatTransactionService } from "../seat-transaction/seat-transaction-service.ts";
import type { RecordBook } from "../transaction/record-book.ts";
import { TransactionService } from "../transaction/transaction-service.ts";
import { AtomicWrites } from "./atomic-writes.ts";
import { NodeCommands } from "./node-commands.ts";
import { PublishedMessages } from "./published-messages.ts";
import { ScatteredCommands } from "./scattered-commands.ts";

interface SpanningParts {
  readonly server: Services;
  readonly turn: Turn;
  /** The earlier writes across nodes of a ring with fixed members. */
  readonly book: RecordBook;
  /** Those of a ring that agrees. */
  readonly writes: OpenWrites;
  readonly reads: TrackedReads;
}

/** What was installed. */
export interface InstalledSpanning {
  /** This node has become the primary of its place, or is none any more. */
  roleChanged(): void;
  stop(): void;
}

/** Makes commands span the nodes of a ring. */
export function installSpanningCommands(parts: SpanningParts, { view, channel, spanning }: Cluster): InstalledSpanning {
  const { server, turn, book, writes, reads } = parts;
  const nodeTimeoutMs = server.settings.values["cluster-node-timeout"];
  const { seat } = view;
  const common = { server, view, channel, nodeTimeoutMs };
  const transactions =
    seat === undefined
      ? new TransactionService({ ...common, book })
      : new SeatTransactionService({ ...common, turn, open: writes, seat });
  const nodes = new NodeCommands(server, { view, channel, reads }, transactions.locked);
  const groups = [
    new AtomicWrites(view, transactions),
    new ScatteredCommands(view, nodes),
    new PublishedMessages(server.pubSub, view, channel, nodes),
  ];
  for (const { commands } of groups) {
    for (const [name, command] of Object.entries(commands)) spanning.set(name, command);
  }
  server.info.add("cluster", () => [
    ["cluster_transactions_open", transactions.records],
    ["cluster_locked_keys", transactions.lockedKeys],
    ["cluster_requests_waiting_for_locks", transactions.locked.count],
  ]);
  return transactions;
}
