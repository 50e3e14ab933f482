import type { Services } from "../../dispatch/context.ts";
import type { Cluster } from "../cluster.ts";
import type { TrackedReads } from "../routing/tracked-reads.ts";
import type { RecordBook } from "../transaction/record-book.ts";
import { TransactionService } from "../transaction/transaction-service.ts";
import { AtomicWrites } from "./atomic-writes.ts";
import { NodeCommands } from "./node-commands.ts";
import { PublishedMessages } from "./published-messages.ts";
import { ScatteredCommands } from "./scattered-commands.ts";

/** Makes commands span the nodes of a ring. The result ends it again. */
export function installSpanningCommands(
  server: Services,
  book: RecordBook,
  { view, channel, spanning }: Cluster,
  reads: TrackedReads,
): () => void {
  const nodeTimeoutMs = server.settings.values["cluster-node-timeout"];
  const transactions = new TransactionService({ server, book, view, channel, nodeTimeoutMs });
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
  return () => transactions.stop();
}
