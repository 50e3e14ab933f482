import { drandRoundTime, type DrandSource } from "fair-draw";

/** A beacon that has not answered is asked again after this time. */
const askEveryMs = 2_000;
const answerWithinMs = 5_000;

export interface BeaconReaderOptions {
  /** Where the HTTP interface of drand is. */
  readonly url: string;
  /** Milliseconds of a monotonic clock. */
  readonly elapsedMs: () => number;
}

/** Reads rounds of a public beacon. What it answers is checked by whoever writes it down. */
export class BeaconReader {
  readonly #options: BeaconReaderOptions;
  readonly #nextMs = new Map<string, number>();

  constructor(options: BeaconReaderOptions) {
    this.#options = options;
  }

  /**
   * Undefined while the round is still to come, and for some seconds after a question without an answer.
   * @throws if the beacon does not answer
   */
  async read(source: DrandSource, nowMs: number): Promise<unknown> {
    const { url, elapsedMs } = this.#options;
    const path = `${source.chainHash}/public/${source.round}`;
    if (nowMs < drandRoundTime(source) || elapsedMs() < (this.#nextMs.get(path) ?? 0)) return undefined;
    this.#nextMs.set(path, elapsedMs() + askEveryMs);
    const signal = AbortSignal.timeout(answerWithinMs);
    const response = await fetch(`${url.replace(/\/$/, "")}/${path}`, { signal, redirect: "error" });
    if (!response.ok) throw new Error(`the beacon answers ${response.status}`);
    return response.json();
  }
}

/** The beacon's own answer says its signature, and not that it is of a beacon. Everything else stays as it is. */
export function asPublicValue(value: unknown): unknown {
  if (typeof value !== "object" || value === null || "kind" in value || !("signature" in value)) return value;
  const { signature, previous_signature: previousSignature } = value as Record<string, unknown>;
  const isChained = typeof previousSignature === "string" && previousSignature !== "";
  return { kind: "drand", signature, ...(isChained && { previousSignature }) };
}
