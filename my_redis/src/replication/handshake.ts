type Words = readonly (string | number)[];

/** What a replica tells its primary. */
export interface HandshakeFacts {
  /** AUTH's words; empty where the primary needs no password. */
  readonly credentials: readonly string[];
  readonly port: number;
  /** The address to be announced; empty for that of the connection. */
  readonly address: string;
  /** The history that this server's data is of, and the first byte that it lacks. Undefined when it needs all data. */
  readonly position: { readonly id: string; readonly next: number } | undefined;
  /** The other server is a replica that is asked to become the primary. */
  readonly asksToTakeOver: boolean;
}

export type SyncAnswer =
  | { readonly kind: "full"; readonly id: string; readonly offset: number }
  /** `id` is missing when the primary knows only one id. */
  | { readonly kind: "continue"; readonly id: string | undefined };

export type HandshakeStep =
  | { readonly kind: "send"; readonly words: Words }
  /** `hasTakenOver`: it is a primary already. It was asked before, and the answer was lost. */
  | { readonly kind: "refused"; readonly reason: string; readonly hasTakenOver: boolean }
  | SyncAnswer;

/** In the error for PSYNC FAILOVER, also in that of redis-server. */
const sentToPrimary = "PSYNC FAILOVER can't be sent to a master";

interface Step {
  readonly words: Words;
  /** Why the handshake ends after this error; undefined when it can go on. */
  readonly refusal: (error: string) => string | undefined;
}

/** What a replica says to its primary before the data comes, one request after the other. */
export class Handshake {
  readonly #steps: readonly Step[];
  #at = 0;

  constructor({ credentials, port, address, position, asksToTakeOver }: HandshakeFacts) {
    const optional = (...words: Words): Step => ({ words, refusal: () => undefined });
    this.#steps = [
      {
        words: ["PING"],
        refusal: (error) => (/^(NOAUTH|NOPERM|ERR operation not permitted)/.test(error) ? undefined : error),
      },
      ...(credentials.length === 0
        ? []
        : [{ words: ["AUTH", ...credentials], refusal: (error: string) => `the primary refuses AUTH: ${error}` }]),
      optional("REPLCONF", "listening-port", port),
      ...(address === "" ? [] : [optional("REPLCONF", "ip-address", address)]),
      optional("REPLCONF", "capa", "eof", "capa", "psync2"),
      {
        words: ["PSYNC", position?.id ?? "?", position?.next ?? -1, ...(asksToTakeOver ? ["FAILOVER"] : [])],
        refusal: (error) => `the primary refuses PSYNC: ${error}`,
      },
    ];
  }

  get first(): Words {
    return (this.#steps[0] as Step).words;
  }

  /** PSYNC has been sent, and is not yet answered. */
  get isAtSync(): boolean {
    return this.#at === this.#steps.length - 1;
  }

  /** All requests have been answered. */
  get isOver(): boolean {
    return this.#at === this.#steps.length;
  }

  /** The answer to the last request: gives what comes next. */
  answered(line: string): HandshakeStep {
    const step = this.#steps[this.#at] as Step;
    const reason = line.startsWith("-") ? step.refusal(line.slice(1)) : undefined;
    const next = this.#steps[++this.#at];
    if (reason !== undefined) return { kind: "refused", reason, hasTakenOver: reason.includes(sentToPrimary) };
    return next === undefined ? syncAnswer(line) : { kind: "send", words: next.words };
  }
}

function syncAnswer(line: string): HandshakeStep {
  const [, id = "", offset = ""] = /^\+FULLRESYNC ([0-9a-fA-F]{40}) (\d{1,15})$/.exec(line) ?? [];
  if (id !== "") return { kind: "full", id, offset: Number(offset) };
  const continued = /^\+CONTINUE(?: ([0-9a-fA-F]{40}))?$/.exec(line);
  if (continued !== null) return { kind: "continue", id: continued[1] };
  return { kind: "refused", reason: `'${line.slice(0, 128)}' is no answer to PSYNC`, hasTakenOver: false };
}
