/**
 * Deliberate mistakes, one at a time. A test proves that the simulation finds each of them. Where a flaw is planted, the
 * code asks `world.has(...)`.
 */
export const flaws = [
  // Consumer and queue.
  "consumer acknowledges before the commit",
  "stops count as deliveries",
  "a message that comes twice is recorded twice",
  "orders and totals are two transactions",
  "the ledger records one unit of several",
  "a message of an older epoch is recorded",
  // Relay.
  "relay acknowledges before it publishes",
  "relay acknowledges after a failed publish",
  "relay never claims what a dead relay left",
  // Gateway.
  "gateway gives back after an unknown outcome",
  "gateway repeats with a new reservation id",
  "gateway's clock decides the start",
  "gateway compares sequences of different epochs",
  "buyer hears won before the commit",
  "lost is said before the ledger is read again",
  // Gate.
  "a repeated reservation takes another unit",
  "gate does not limit users",
  "gate counts requests against the limit",
  "a return brings one unit of several",
  "gate returns units of any epoch",
  "gate forgets which units came back",
  "gate ignores a return of an epoch it has not reached",
  "gate sells without comparing the server",
  // Returns and orders.
  "cancelling writes no return",
  "expiry and its return are two transactions",
  "payment does not look at the state",
  // Payments.
  "a late payment is kept",
  "each refund attempt has a new key",
  "the same payment twice is refunded",
  "a second payment of an order is kept",
  // Waiting lists.
  "the gate ignores the waiting list",
  "an older opening of a list reaches the gate late",
  "somebody joins before the gate knows the list",
  "somebody joins a list that was closed meanwhile",
  "a list is closed while somebody waits",
  "a list is never closed",
  "nobody tells the gate of a change of its row",
  "repair leaves the waiting list out",
  "offers go out in any order",
  "sweeper goes on after an unknown outcome",
  "each attempt of an offer has a new reservation",
  "an offer to somebody who has left is recorded",
  "an offer that expires goes back to nobody",
  // Bundles.
  "a bundle is won with its first part",
  "a part of a broken bundle is recorded",
  "a broken bundle keeps its parts",
  "a complete bundle can be given up",
  "a bundle waits for its last part for ever",
  "a part of a bundle expires by itself",
  "a payment pays one part of a bundle",
  // Changes of a sale.
  "a restock whose answer is lost counts twice",
  "a lower total has no mark of its own",
  "the gate takes out what buyers have",
  "the ledger's total falls before the gate's",
  "an answer settles the next lowering",
  "a pause does not survive a repair",
  "the end of a sale does not survive a repair",
  "a repair takes a lower total for done",
  "nobody carries on for a merchant who dies",
  // Buckets.
  "units between two buckets are counted nowhere",
  "totals of different moments are compared",
  "a bucket gets units before the other one has given them",
  "a move that was refused brings its units all the same",
  // What is on its way, and the comparison of units.
  "the repair does not wait for the watermark",
  "a queue without a leader counts as empty",
  "a silent consumer counts as gone",
  "units are never compared",
  "units are judged at the second look",
  // Recovery.
  "a forgotten gate is armed again",
  "keeper believes a server that restarted",
  "keeper does not compare the sequence",
  "keeper does not hear what gateways have seen",
  "keeper looks only once",
  "repair does not wait for what is on its way",
  "repair does not look into the consumers' hands",
  "repair leaves the holders out",
  "repair counts orders as one unit",
  "repair leaves the released reservations out",
  "repair counts pending returns as available",
  "repair does not compare its token",
  "repair does not notice a restart of the server",
] as const;

export type Flaw = (typeof flaws)[number];

/** Mistakes that need several rare faults in a row. They are found as well, but not within the first 1,000 schedules. */
export const rareFlaws: readonly Flaw[] = [
  "a complete bundle can be given up",
  "repair leaves the released reservations out",
  "repair does not compare its token",
  "repair does not notice a restart of the server",
  "totals of different moments are compared",
];
