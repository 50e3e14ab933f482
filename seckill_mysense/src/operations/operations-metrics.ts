import { Gauge, Registry } from "prom-client";
import type { HealthBoard } from "../health/health-board.ts";
import type { Figures } from "./heartbeat-details.ts";

/** The meaning of each figure, for its HELP line. */
const help: Readonly<Record<string, string>> = {
  seckill_outbox_length: "Accepted reservations that wait in the gate's outboxes, as the relay sees them.",
  seckill_outbox_age_seconds: "Age of the oldest reservation on its way from an outbox to the queue; 0 without one.",
  seckill_relay_published: "Messages that the queue has confirmed to this relay since its start.",
  seckill_queue_ready: "Messages that wait in the queue.",
  seckill_queue_in_hand: "Messages in the hands of this process's consumer.",
  seckill_queue_received: "Messages that this process's consumer has had from the broker since its start.",
  seckill_queue_received_again: "Those of them that a consumer had had before.",
  seckill_queue_connection:
    "The connection on which the consumer is subscribed, counted from its start; 0 without one.",
  seckill_queue_oldest_in_hand_seconds: "How long this process's consumer has held its oldest message; 0 without one.",
  seckill_consumer_recorded: "Reservations that this consumer has recorded since its start.",
  seckill_gate_calls: "Questions of this gateway to the gate since its start.",
  seckill_gate_calls_failed: "Those of them that got no answer, or were too many at a time.",
  seckill_gate_calls_waited_seconds: "How long all of them took together.",
  seckill_dead_letters: "Dead letters that wait for an operator.",
  seckill_refunds_waiting: "Refunds that the provider has not confirmed, a few seconds old.",
  seckill_refunds_failing: "Waiting refunds whose last try failed.",
  seckill_refunds_held: "Waiting refunds that the provider cannot make: they wait for an operator.",
  seckill_refund_oldest_seconds: "Age of the oldest waiting refund; 0 when none waits.",
  seckill_payments_stranded: "Payments and refunds of providers that the settings do not name.",
  seckill_sweeper_lag_seconds: "Time since a sweep last left nothing behind.",
  seckill_waiting_lists: "Products whose waiting list is open.",
  seckill_waiters: "All who wait for a unit that comes back.",
  seckill_offers_open: "Units that are offered to those who waited, and not paid for yet.",
  seckill_bundles_collecting: "Bundles that wait for a part.",
  seckill_bundle_oldest_seconds: "How long the oldest of them has waited; 0 without one.",
  seckill_bundles_to_release: "Broken bundles that may still hold units.",
  seckill_free_while_waited_for_seconds: "How long a unit has been free although somebody waits for it; 0 without one.",
};

/** The figures of a process in Prometheus's text format. */
export async function operationsMetrics(
  figures: Figures,
  health: HealthBoard,
  longestLists: Figures = {},
): Promise<string> {
  const registry = new Registry();
  for (const [name, value] of Object.entries(figures)) {
    new Gauge({ name, help: help[name] ?? name, registers: [registry] }).set(value);
  }
  const up = new Gauge({
    name: "seckill_part_up",
    help: "Each part as this process sees it: 1 ok, 0.5 degraded, 0 down.",
    labelNames: ["part"],
    registers: [registry],
  });
  for (const [part, value] of Object.entries(partsUp(health))) up.set({ part }, value);
  const success = new Gauge({
    name: "seckill_part_last_success_timestamp_seconds",
    help: "When each part was last known to be well, Unix time.",
    labelNames: ["part"],
    registers: [registry],
  });
  for (const [part, ms] of Object.entries(health.lastSuccessesMs)) success.set({ part }, ms / 1_000);
  const lists = new Gauge({
    name: "seckill_product_waiters",
    help: "Those who wait for a product: its longest lists only.",
    labelNames: ["product"],
    registers: [registry],
  });
  for (const [product, waiting] of Object.entries(longestLists)) lists.set({ product }, waiting);
  return registry.metrics();
}

const upValues = { ok: 1, degraded: 0.5, down: 0 } as const;

function partsUp({ parts }: Pick<HealthBoard, "parts">): Readonly<Record<string, number>> {
  return Object.fromEntries(parts.map(({ name, status }) => [name, upValues[status]]));
}
