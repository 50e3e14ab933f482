import type { StartOutcome } from "../../seckill_mysense/test/simulation/start/simulate-start.ts";

export interface Served {
  /** Milliseconds, from the moment at which a request was due. */
  readonly p50: number;
  readonly p99: number;
  /** The share of one core that the program used. */
  readonly cpu: number;
}

export interface ServiceFigures {
  readonly people: number;
  readonly bots: number;
  readonly requestsOfPeoplePerSecond: number;
  readonly requestsOfBotsPerSecond: number;
  /** Far fewer than the requests: the load did not keep up, and the figures say nothing. */
  readonly botsAnsweredPerSecond: number;
  /** Answers to bots by status. */
  readonly botStatuses: Readonly<Record<number, number>>;
  /** Medians over the rounds. */
  readonly calm: Served;
  readonly attacked: Served;
  readonly p99Ratio: number;
}

export type StartServiceFigures = Readonly<Record<"byDefault" | "withoutLimit", ServiceFigures>>;

export interface StartFigures {
  readonly modes: readonly StartOutcome[];
  /** Draws at several rates of admission. */
  readonly rates: readonly StartOutcome[];
}
