import { Cluster, Redis } from "ioredis";
import type { Logger } from "../logging/logger.ts";
import { backoffMs } from "../time/backoff.ts";
import { GateOutcomeUnknown, GateUnavailable } from "./gate-errors.ts";
import { type GateScript, gateScripts } from "./gate-script.ts";

/** The gate's server: any server that speaks Redis's protocol and runs its Lua scripts, or a cluster of such servers. */
export type GateServer =
  | { readonly url: string }
  | {
      readonly host: string;
      readonly port: number;
      readonly username?: string;
      readonly password?: string;
      readonly db?: number;
      readonly tls?: boolean;
    }
  | {
      /** Some nodes of the cluster; they name the others. */
      readonly cluster: readonly { readonly host: string; readonly port: number }[];
      readonly username?: string;
      readonly password?: string;
      readonly tls?: boolean;
    };

export interface GateConnectionOptions {
  /** Longest wait for an answer, and separately for a lost connection to return, in milliseconds. */
  readonly timeoutMs: number;
  readonly logger: Logger;
}

/** Replies of a server that has not begun to run the script. After any other failure the outcome is unknown. */
const refusals =
  /^(LOADING|BUSY|OOM|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOAUTH|WRONGPASS|NOPERM|NOREPLICAS|NOPROTO|NOGROUP)\b/;

/**
 * One pipelined connection, or one for each node of a cluster. Every call has a time limit and a typed failure:
 * `GateUnavailable` if the call certainly changed nothing, `GateOutcomeUnknown` if it may have changed something.
 */
export class GateConnection {
  readonly #client: Redis | Cluster;
  readonly #timeoutMs: number;
  #readiness: Promise<void> | undefined;
  #closed = false;
  /** The last reason why there is no connection. */
  #failure: string | undefined;

  constructor(server: GateServer, options: GateConnectionOptions) {
    this.#timeoutMs = options.timeoutMs;
    this.#client = openClient(server, options.timeoutMs);
    this.#client.on("error", (error: Error) => {
      // One log line for an outage, because the client tries again every second.
      if (this.#failure !== error.message) options.logger.warn("gate connection failed", { reason: error.message });
      this.#failure = error.message;
    });
    this.#client.on("ready", () => (this.#failure = undefined));
    if (this.#client instanceof Redis) teachScripts(this.#client);
    else this.#client.on("+node", teachScripts);
  }

  get isReady(): boolean {
    return !this.#closed && this.#client.status === "ready";
  }

  /** Rejects with `GateUnavailable` when there is no connection within the time limit. */
  whenReady(): Promise<void> {
    if (this.isReady) return Promise.resolve();
    if (this.#closed) return Promise.reject(new GateUnavailable("the gate is closed on this side"));
    this.#readiness ??= new Promise<void>((resolve, reject) => {
      const onReady = (): void => {
        clearTimeout(timer);
        this.#readiness = undefined;
        resolve();
      };
      const timer = setTimeout(() => {
        this.#client.off("ready", onReady);
        this.#readiness = undefined;
        const why = this.#failure === undefined ? "" : `: ${this.#failure}`;
        reject(new GateUnavailable(`no connection to the gate server within ${this.#timeoutMs} ms${why}`));
      }, this.#timeoutMs);
      this.#client.once("ready", onReady);
    });
    return this.#readiness;
  }

  /** Runs a script by its hash, or by its source if the server does not know it (yet, or after a restart). */
  async run(script: GateScript, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    await this.whenReady();
    try {
      return await this.#bounded(script.name, this.#client.evalsha(script.sha1, keys.length, ...keys, ...args));
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw typedFailure(script.name, error);
    }
    try {
      return await this.#bounded(script.name, this.#client.eval(script.source, keys.length, ...keys, ...args));
    } catch (error) {
      throw typedFailure(script.name, error);
    }
  }

  /** Sends one plain command; `command[0]` is its name. */
  async command(...command: readonly [name: string, ...args: string[]]): Promise<unknown> {
    await this.whenReady();
    const [name, ...args] = command;
    try {
      return await this.#bounded(name, this.#client.call(name, ...args));
    } catch (error) {
      throw typedFailure(name, error);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const client = this.#client;
    // QUIT lets pending answers arrive; a server that does not answer must not delay a shutdown.
    if (client.status === "ready") await this.#bounded("QUIT", client.quit()).catch(() => undefined);
    client.disconnect();
  }

  #bounded<T>(name: string, reply: Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const giveUp = (): void =>
      reject(new GateOutcomeUnknown(`${name}: no answer from the gate server within ${this.#timeoutMs} ms`));
    const timer = setTimeout(giveUp, this.#timeoutMs);
    reply.then(resolve, reject).finally(() => clearTimeout(timer));
    return promise;
  }
}

/**
 * Loads the scripts at each connection to a node. Otherwise the first run of a script would fail, and on a ring of MyRedis
 * the node would ask all others for the script before that, and wait for those that are frozen.
 */
function teachScripts(node: Redis): void {
  node.on("ready", () => {
    // A script that could not be loaded is sent with its first run.
    for (const { source } of Object.values(gateScripts)) node.script("LOAD", source).catch(() => undefined);
  });
}

function typedFailure(name: string, error: unknown): Error {
  if (error instanceof GateOutcomeUnknown) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (refusals.test(message) || message.startsWith("Stream isn't writeable")) {
    return new GateUnavailable(`${name}: the gate server did not take the request: ${message}`, { cause: error });
  }
  return new GateOutcomeUnknown(`${name}: ${message}`, { cause: error });
}

function openClient(server: GateServer, timeoutMs: number): Redis | Cluster {
  const common = {
    // Every Redis-compatible server speaks RESP2, and no reply here needs more.
    protocol: 2 as const,
    // The batcher in front is the bounded queue; an unbounded one must not stand behind it.
    enableOfflineQueue: false,
    // The caller repeats with the same reservation id, so the client must not repeat on its own.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: timeoutMs * 2,
    // Replaces a connection that stays silent for this long while an answer is due.
    socketTimeout: timeoutMs * 3,
    retryStrategy: reconnectDelayMs,
  };
  if ("url" in server) return new Redis(server.url, common);
  if (!("cluster" in server)) {
    const { tls, ...address } = server;
    return new Redis({ ...common, ...address, ...(tls === true ? { tls: {} } : {}) });
  }
  const { cluster, tls, ...credentials } = server;
  return new Cluster([...cluster], {
    enableOfflineQueue: false,
    redisOptions: { ...common, ...credentials, ...(tls === true ? { tls: {} } : {}) },
    clusterRetryStrategy: reconnectDelayMs,
  });
}

function reconnectDelayMs(attempt: number): number {
  return backoffMs(attempt, { firstMs: 50, maxMs: 1_000 });
}
