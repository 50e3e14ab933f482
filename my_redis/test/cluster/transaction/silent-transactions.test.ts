import { expect, test } from "bun:test";
import { EventQueue } from "../../../../tools/simulation/event-queue.ts";
import { transactionLimits } from "../../../src/cluster/transaction/node-timing.ts";
import { RecordBook } from "../../../src/cluster/transaction/record-book.ts";
import type { TransactionHost } from "../../../src/cluster/transaction/transaction-host.ts";
import type { TransactionAnswer } from "../../../src/cluster/transaction/transaction-message.ts";
import { TransactionNode } from "../../../src/cluster/transaction/transaction-node.ts";
import type { TransactionLogEntry } from "../../../src/cluster/transaction/transaction-record.ts";

const limits = transactionLimits(1000);
const members = ["here", "away", "other"];
const looksPerSilence = 10;

const preparedOf = (id: string, participants: readonly string[]): TransactionLogEntry => ({
  ...{ type: "prepared", id, participants },
  part: {
    ...{ database: 0, count: 0, bytes: 1 },
    operations: [{ kind: "set", key: Buffer.from(id), value: Buffer.from("value"), expiryMs: -1 }],
  },
});

test("many transactions that cannot be ended do not keep a node from ending others", () => {
  const queue = new EventQueue();
  const book = new RecordBook();
  const apply = (entry: TransactionLogEntry): void => book.apply(entry, queue.nowMs);
  let node: TransactionNode | undefined;
  const host: TransactionHost = {
    ...{ self: "here", members, monotonicMs: () => queue.nowMs, random: () => 0.5, isReachable: () => true },
    schedule: (delayMs, run) => queue.after(delayMs, run),
    ask: (member, request, answered) =>
      queue.after(1, () => {
        // The others know nothing of it. The one that is away says nothing, and nobody can do without it where it takes part.
        const isOpen = "participants" in request && request.participants.includes("away") && member !== "here";
        const other: TransactionAnswer =
          request.type === "promise"
            ? { type: "promised", accepted: undefined, outcome: undefined }
            : { type: request.type === "accept" ? "accepted" : "done" };
        answered(isOpen ? undefined : member === "here" ? node?.handle(request) : other);
      }),
    examine: () => ({ refusal: undefined, count: 0, taken: undefined }),
    ...{ log: () => {}, logAndApply: () => {}, unlocked: () => {} },
  };
  for (let number = 0; number < 3000; number++) apply(preparedOf(`away ${number}`, ["away", "here"]));
  apply(preparedOf("own", ["here", "other"]));
  node = new TransactionNode(host, limits, book, "node");
  for (let look = 0; look < 30 * looksPerSilence; look++) {
    node.look();
    const untilMs = queue.nowMs + limits.silenceMs / looksPerSilence;
    queue.after(limits.silenceMs / looksPerSilence, () => {});
    while (queue.step(untilMs));
  }
  expect(book.get("away 2999")?.prepared).toBeDefined();
  expect(book.get("own")?.prepared).toBeUndefined();
});
