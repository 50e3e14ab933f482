import type { ClientKind, LoadFigures } from "./ring-load.ts";

/** A change of the ring's members. */
export interface ChangeFigures {
  /** Until nothing moves any more, and no node removes keys that have gone. */
  readonly seconds: number;
  readonly slots: number;
  readonly load: LoadFigures;
}

/** What one kind of clients sees. */
export interface MovingRow {
  readonly clients: ClientKind;
  readonly before: LoadFigures;
  /** The same changes one after the other, by the same processes: the first ones run code that was not compiled before. */
  readonly changes: readonly { readonly join: ChangeFigures; readonly leave: ChangeFigures }[];
}

export interface MovingResults {
  readonly keys: number;
  readonly perSecond: number;
  readonly connections: number;
  readonly rows: readonly MovingRow[];
}
