import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** One graph: what it shows and the queries of its lines. */
interface Graph {
  readonly title: string;
  /** What an operator reads from it. */
  readonly description: string;
  /** A unit of Grafana: "s", "reqps", "short" and so on. */
  readonly unit: string;
  readonly lines: readonly (readonly [query: string, legend: string])[];
  /** From here on the graph is red. */
  readonly alarmFrom?: number;
}

interface Row {
  readonly title: string;
  readonly graphs: readonly Graph[];
}

const quantile = (share: number): string =>
  `histogram_quantile(${share}, sum by (le) (rate(seckill_check_gate_seconds_bucket[$__rate_interval])))`;

const rows: readonly Row[] = [
  {
    title: "Buyers",
    graphs: [
      {
        title: "Requests",
        description: "All requests of buyers, by endpoint.",
        unit: "reqps",
        lines: [["sum by (endpoint) (rate(seckill_requests_total[$__rate_interval]))", "{{endpoint}}"]],
      },
      {
        title: "Answers to /check",
        description: "Accepted, sold out, refused: what becomes of those who want to buy.",
        unit: "reqps",
        lines: [["sum by (outcome) (rate(seckill_check_total[$__rate_interval]))", "{{outcome}}"]],
      },
      {
        title: "Refusals",
        description: "Requests that were refused, by reason. `overloaded` means that gateways are full.",
        unit: "reqps",
        lines: [["sum by (error) (rate(seckill_refusals_total[$__rate_interval]))", "{{error}}"]],
      },
      {
        title: "Wait for the gate",
        description: "How long a reservation takes at the gate.",
        unit: "s",
        lines: [
          [quantile(0.5), "half of them"],
          [quantile(0.99), "99%"],
        ],
        alarmFrom: 0.5,
      },
      {
        title: "At a time",
        description: "Requests under way and open streams, by gateway.",
        unit: "short",
        lines: [
          ["seckill_requests_in_flight", "requests at {{instance}}"],
          ["seckill_event_listeners", "streams at {{instance}}"],
        ],
      },
      {
        title: "Waiting room",
        description: "People in a room: those who came, were admitted and went in.",
        unit: "short",
        lines: [
          ["max by (sale) (seckill_room_entries)", "entered {{sale}}"],
          ["max by (sale) (seckill_room_admitted)", "admitted {{sale}}"],
          ["max by (sale) (seckill_room_used)", "inside {{sale}}"],
        ],
      },
    ],
  },
  {
    title: "From the gate to the ledger",
    graphs: [
      {
        title: "Recorded",
        description: "Reservations that relays publish and consumers record. Both lines should lie on each other.",
        unit: "ops",
        lines: [
          ["sum(rate(seckill_relay_published[$__rate_interval]))", "published"],
          ["sum(rate(seckill_consumer_recorded[$__rate_interval]))", "recorded"],
        ],
      },
      {
        title: "On the way",
        description: "Reservations that wait in outboxes, in the queue and in consumers.",
        unit: "short",
        lines: [
          ["max(seckill_outbox_length)", "outboxes"],
          ["max(seckill_queue_ready)", "queue"],
          ["sum(seckill_queue_in_hand)", "consumers"],
        ],
        alarmFrom: 10_000,
      },
      {
        title: "Oldest on the way",
        description: "How long the buyer with the longest wait has waited in the outbox, and a sweep is late.",
        unit: "s",
        lines: [
          ["max(seckill_outbox_age_seconds)", "outbox"],
          ["max(seckill_sweeper_lag_seconds)", "sweep"],
        ],
        alarmFrom: 5,
      },
      {
        title: "Questions to the gate",
        description: "All, and those without an answer.",
        unit: "ops",
        lines: [
          ["sum(rate(seckill_gate_calls[$__rate_interval]))", "asked"],
          ["sum(rate(seckill_gate_calls_failed[$__rate_interval]))", "failed"],
        ],
      },
    ],
  },
  {
    title: "What needs an operator",
    graphs: [
      {
        title: "Parts",
        description: "1 ok, 0.5 degraded, 0 down, as the process sees it that is worst off.",
        unit: "short",
        lines: [["min by (part) (seckill_part_up)", "{{part}}"]],
      },
      {
        title: "Waiting for an operator",
        description: "Dead letters, refunds that the provider cannot make, and products that cannot be sold.",
        unit: "short",
        lines: [
          ["max(seckill_dead_letters)", "dead letters"],
          ["max(seckill_refunds_held)", "held refunds"],
          ["max(seckill_payments_stranded)", "stranded payments"],
          ["max(seckill_products_not_well)", "products not well"],
        ],
        alarmFrom: 1,
      },
      {
        title: "Waiting lists",
        description: "Those who wait for a unit that comes back, and open offers.",
        unit: "short",
        lines: [
          ["max(seckill_waiters)", "waiting"],
          ["max(seckill_offers_open)", "offered"],
          ["max(seckill_free_while_waited_for_seconds)", "seconds that a unit lies idle"],
        ],
      },
      {
        title: "Refunds",
        description: "Refunds that the provider has not confirmed.",
        unit: "short",
        lines: [
          ["max(seckill_refunds_waiting)", "waiting"],
          ["max(seckill_refunds_failing)", "failing"],
        ],
      },
    ],
  },
];

const width = 8;
const height = 8;
const columns = 24 / width;
/** Grafana's model of a dashboard, in the version that it has had since 8.0. */
const schemaVersion = 36;

/** The dashboard as Grafana imports it. */
export function dashboard(): object {
  let y = 0;
  let id = 0;
  const panels = rows.flatMap(({ title, graphs }) => {
    const heading = { id: (id += 1), type: "row", title, collapsed: false, gridPos: { x: 0, y, w: 24, h: 1 } };
    const top = y + 1;
    y = top + Math.ceil(graphs.length / columns) * height;
    const shown = graphs.map((graph, index) => {
      const place = { x: (index % columns) * width, y: top + Math.floor(index / columns) * height };
      return panel(graph, (id += 1), { ...place, w: width, h: height });
    });
    return [heading, ...shown];
  });
  return {
    uid: "seckill",
    title: "Flash sale",
    tags: ["seckill"],
    schemaVersion,
    refresh: "5s",
    time: { from: "now-15m", to: "now" },
    timezone: "browser",
    editable: true,
    templating: { list: [{ name: "source", label: "Source", type: "datasource", query: "prometheus" }] },
    panels,
  };
}

function panel({ title, description, unit, lines, alarmFrom }: Graph, id: number, gridPos: object): object {
  const datasource = { type: "prometheus", uid: "${source}" };
  const steps = [
    { color: "green", value: null },
    ...(alarmFrom === undefined ? [] : [{ color: "red", value: alarmFrom }]),
  ];
  return {
    ...{ id, type: "timeseries", title, description, datasource, gridPos },
    targets: lines.map(([expr, legendFormat], index) => ({
      ...{ refId: String.fromCodePoint(65 + index), datasource, expr, legendFormat },
    })),
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        thresholds: { mode: "absolute", steps },
        custom: { lineWidth: 1, fillOpacity: 8, thresholdsStyle: { mode: alarmFrom === undefined ? "off" : "line" } },
      },
      overrides: [],
    },
    options: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi" } },
  };
}

/** Every query of the dashboard. */
export const queries = rows.flatMap(({ graphs }) => graphs.flatMap(({ lines }) => lines.map(([query]) => query)));

export const dashboardFile = join(import.meta.dir, "seckill.json");

// The formatter of the repository has the last word on line ends: run `npm run format` afterwards.
if (import.meta.main) writeFileSync(dashboardFile, JSON.stringify(dashboard(), undefined, 2));
