import type { ServiceFigures, StartFigures, StartServiceFigures } from "../start/start-results.ts";
import { milliseconds, source, table, thousands } from "./markdown.ts";
import { newestResults, type Stored } from "./results.ts";

/** Who wins at the start of a sale with people and bots, for docs/performance.md. */
export function simulatedStartTable(): string {
  const results = newestResults<StartFigures & Stored>("simulated-start");
  const rows = [...results.modes, ...results.rates].map((one) => [
    ...[one.mode, one.mode === "first come" ? "" : `${one.admitPerSecond}`, one.soldOutAfterSeconds.toFixed(1)],
    ...[thousands(one.wonByPeople), thousands(one.wonByBots), one.advantage.toFixed(2)],
    ...[one.requestsOfBots / one.bots, one.requestsOfPeople / one.people].map((requests) => requests.toFixed(0)),
    `${thousands(one.refusedPeople)}, ${thousands(one.refusedBots)}`,
  ]);
  return [
    source(results, "../bench/results"),
    "",
    table([
      [
        ...[
          "mode",
          "admitted per second",
          "sold out after, s",
          "won by people",
          "won by bots",
          "share of bots, of their identities",
        ],
        ...["requests of a bot", "of a person", "refused by limits: people, bots"],
      ],
      ...rows,
    ]),
  ].join("\n");
}

/** How people are served beside bots. */
export function startServiceTable(): string {
  const results = newestResults<StartServiceFigures & Stored>("start");
  const row = (name: string, { calm, attacked, p99Ratio }: ServiceFigures): string[] => [
    name,
    ...[calm, attacked].flatMap(({ p50, p99, cpu }) => [milliseconds(p50), milliseconds(p99), cpu.toFixed(2)]),
    p99Ratio.toFixed(1),
  ];
  return [
    source(results, "../bench/results"),
    "",
    table([
      [
        ...["limit per user", "people alone: p50, ms", "p99", "of the core"],
        ...["beside bots: p50, ms", "p99", "of the core", "p99, times"],
      ],
      row("4 a second (default)", results.byDefault),
      row("none", results.withoutLimit),
    ]),
  ].join("\n");
}
