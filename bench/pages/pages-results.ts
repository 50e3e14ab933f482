export interface PagesLoad {
  readonly port: number;
  readonly pages: number;
  /** Pages share connections where there are fewer of these: a process may have only so many files open. */
  readonly connections: number;
  readonly saleId: string;
  readonly seconds: number;
  /** Whether the stock is another one at each poll, so that each page gets the whole answer. */
  readonly isRush: boolean;
}

export interface PagesLoadResult {
  readonly perSecond: number;
  readonly statuses: Readonly<Record<number, number>>;
  /** Received, with the heads. */
  readonly bytesPerSecond: number;
  /** Milliseconds, from the moment at which the page wanted to ask. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly p999: number };
}

export interface PagesRow extends PagesLoadResult {
  readonly scene: string;
  readonly products: number;
  readonly isRush: boolean;
  /** CPU time of the whole program for each second. */
  readonly cores: number;
}

export interface PagesFigures {
  readonly pages: number;
  readonly connections: number;
  readonly rows: readonly PagesRow[];
}
