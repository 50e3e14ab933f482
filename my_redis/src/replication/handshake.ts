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
  /** The other server is a replica that is asked to become the primary. It has this history at least up to `known`. */
  readonly takeOver: { readonly known: number } | undefined;
}

export type SyncAnswer =
  | { readonly kind: "full"; readonly id: string; readonly offset: number }
  /** `id` is missing when the primary knows only one id. */
  | { readonly kind: "continue"; readonly id: string | undefined };

export type HandshakeStep =
  | { readonly kind: "send"; readonly words: Words }
  | { readonly kind: "refused"; readonly reason: string }
  /** It is a primary already, of a history that goes on from this server's. It was asked before; the answer was lost. */
  | { readonly kind: "has taken over" }
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
  readonly #steps: Step[];
  readonly #facts: HandshakeFacts;
  #at = 0;
  /** It is a primary already, and is asked whether its history goes on from this server's. */
  #asksForProof = false;

  constructor(facts: HandshakeFacts) {
    const { credentials, port, address, position, takeOver } = facts;
    this.#facts = facts;
    const optional = (...words: Words): Step => ({ words, refusal: () => undefined });
    this.#steps = [
      // MISCONF: its disk is full. It needs a replica now more than ever.
      {
        words: ["PING"],
        refusal: (error) => (/^(NOAUTH|NOPERM|ERR operation not permitted|MISCONF)/.test(error) ? undefined : error),
      },
      ...(credentials.length === 0
        ? []
        : [{ words: ["AUTH", ...credentials], refusal: (error: string) => `the primary refuses AUTH: ${error}` }]),
      optional("REPLCONF", "listening-port", port),
      ...(address === "" ? [] : [optional("REPLCONF", "ip-address", address)]),
      optional("REPLCONF", "capa", "eof", "capa", "psync2"),
      sync(position?.id ?? "?", position?.next ?? -1, ...(takeOver === undefined ? [] : ["FAILOVER"])),
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
    if (reason?.includes(sentToPrimary) === true) this.#askForProof();
    else if (reason !== undefined) return this.#refused(reason);
    const next = this.#steps[++this.#at];
    if (next !== undefined) return { kind: "send", words: next.words };
    const answer = syncAnswer(line);
    return this.#asksForProof ? this.#proven(answer) : answer;
  }

  #refused(reason: string): HandshakeStep {
    this.#at = this.#steps.length;
    return { kind: "refused", reason };
  }

  /** A replica that has taken over says that it is a primary, and so does a stranger, or one that has lost its data. */
  #askForProof(): void {
    const { position, takeOver } = this.#facts;
    if (position === undefined || takeOver === undefined || this.#asksForProof) return;
    this.#asksForProof = true;
    this.#steps.push(sync(position.id, Math.min(takeOver.known + 1, position.next)));
  }

  #proven(answer: HandshakeStep): HandshakeStep {
    const { position } = this.#facts;
    const goesOn = answer.kind === "continue" && answer.id !== undefined && answer.id !== position?.id;
    if (goesOn) return { kind: "has taken over" };
    return this.#refused("it is a primary already, and its history does not go on from this server's");
  }
}

function sync(...words: Words): Step {
  return { words: ["PSYNC", ...words], refusal: (error) => `the primary refuses PSYNC: ${error}` };
}

function syncAnswer(line: string): HandshakeStep {
  const [, id = "", offset = ""] = /^\+FULLRESYNC ([0-9a-fA-F]{40}) (\d{1,15})$/.exec(line) ?? [];
  if (id !== "") return { kind: "full", id, offset: Number(offset) };
  const continued = /^\+CONTINUE(?: ([0-9a-fA-F]{40}))?$/.exec(line);
  if (continued !== null) return { kind: "continue", id: continued[1] };
  return { kind: "refused", reason: `'${line.slice(0, 128)}' is no answer to PSYNC` };
}
