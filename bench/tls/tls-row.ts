import type { StormRun } from "./storm-process.ts";

export interface TlsCost {
  readonly perSecond: number;
  /** CPU time of the server for each request. */
  readonly cpuMicroseconds: number;
}

/** One server with or without TLS under one load, or one server in a storm of handshakes. */
export type TlsRow =
  | { readonly kind: "cost"; readonly scene: string; readonly load: string; readonly cost: TlsCost }
  | { readonly kind: "storm"; readonly scene: string; readonly connections: number; readonly storm: StormRun };
