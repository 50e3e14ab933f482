import { RespConnection } from "../../differential/harness/resp-connection.ts";

/** The bounds on a key's value. Only one writer writes to each key, with increasing numbers. */
interface Register {
  /** The greatest number that was acknowledged. */
  acknowledged: number;
  /** The greatest number that was sent. */
  sent: number;
}

/** Errors by which a client recognizes that a node is unreachable or not ready. */
const knownErrors = /^(CLUSTERDOWN|LOADING) /;

/**
 * Writes increasing numbers to its own keys, each through some node, and reads them back. Whatever happens to the
 * nodes, a key never holds less than the greatest acknowledged number, nor a number that was never sent.
 */
export class RegisterWriter {
  readonly violations: string[] = [];
  readonly errors = new Map<string, number>();
  acknowledgedWrites = 0;
  /** The longest duration of a request through a node that was not stopped, in milliseconds. */
  longestMs = 0;
  readonly #registers = new Map<string, Register>();
  readonly #keys: readonly string[];
  readonly #ports: () => readonly number[];
  readonly #troubles: (port: number) => number;
  #step = 0;
  #stopped = false;
  #connection: { readonly port: number; readonly resp: RespConnection } | undefined;

  /**
   * `ports`: where nodes listen. `troubles`: how often a node has been stopped or resumed, so it is odd while the node
   * is stopped.
   */
  constructor(name: string, ports: () => readonly number[], troubles: (port: number) => number) {
    this.#keys = Array.from({ length: 12 }, (_, number) => `${name}:${number}`);
    this.#ports = ports;
    this.#troubles = troubles;
  }

  stop(): void {
    this.#stopped = true;
  }

  async run(): Promise<void> {
    while (!this.#stopped) {
      const key = this.#keys[this.#step % this.#keys.length] as string;
      this.#step++;
      try {
        await this.#take(key);
      } catch {
        // The connection ended, so the writes that were sent may or may not have been done.
        this.#connection?.resp.close();
        this.#connection = undefined;
        await Bun.sleep(5);
      }
    }
    this.#connection?.resp.close();
  }

  async #take(key: string): Promise<void> {
    const register = this.#registers.get(key) ?? { acknowledged: 0, sent: 0 };
    this.#registers.set(key, register);
    const { port, resp } = await this.#connect();
    let known = register.acknowledged;
    const next = ++register.sent;
    const startedMs = performance.now();
    const troubles = this.#troubles(port);
    const [written, read] = await resp.replies([
      ["SET", key, next],
      ["GET", key],
    ]);
    const inTrouble = troubles % 2 === 1 || this.#troubles(port) !== troubles;
    if (!inTrouble) this.longestMs = Math.max(this.longestMs, performance.now() - startedMs);
    if (written?.text === "OK") {
      register.acknowledged = next;
      known = next;
      this.acknowledgedWrites++;
    } else {
      this.#countError(written?.text ?? "nil");
    }
    if (read?.sign === "$") this.#check(key, Number(read.text ?? 0), known, next);
    else this.#countError(read?.text ?? "nil");
    // The next requests go through another node. A late write through the old node must not undo newer writes.
    if (this.#step % 40 === 0) {
      resp.close();
      this.#connection = undefined;
    }
  }

  async #connect(): Promise<{ readonly port: number; readonly resp: RespConnection }> {
    const ports = this.#ports().filter((port) => this.#troubles(port) % 2 === 0);
    const port = ports[this.#step % ports.length] as number;
    this.#connection ??= { port, resp: await RespConnection.open(port, `node ${port}`) };
    return this.#connection;
  }

  #countError(text: string): void {
    if (!knownErrors.test(text)) this.violations.push(`an error that no client expects: ${text}`);
    const kind = text.split(" ", 1)[0] as string;
    this.errors.set(kind, (this.errors.get(kind) ?? 0) + 1);
  }

  #check(key: string, value: number, atLeast: number, atMost: number): void {
    if (value >= atLeast && value <= atMost) return;
    this.violations.push(`${key} holds ${value}: ${atLeast} was acknowledged, ${atMost} was sent last`);
  }

  /** Reads every key again. */
  async verify(resp: RespConnection): Promise<void> {
    for (const [key, { acknowledged, sent }] of this.#registers) {
      this.#check(key, Number((await resp.reply("GET", key)).text ?? 0), acknowledged, sent);
    }
  }
}
