import { systemClock } from "../../time/clock.ts";
import { MysqlConnection, type MysqlConnectionLimits, type MysqlPlace } from "./mysql-connection.ts";
import { PoolExhaustedError } from "./mysql-failure.ts";

export interface MysqlLimits extends MysqlConnectionLimits {
  /** Connections at most; more work waits for one of them. */
  readonly poolSize: number;
  /** Work that may wait for a connection; what comes on top fails at once. */
  readonly maxWaiting: number;
  /** How long work waits for a connection. */
  readonly acquireTimeoutMs: number;
}

interface Waiter {
  readonly resolve: (connection: MysqlConnection) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/**
 * Connections to one database, opened when they are needed. In place of mysql2's own pool, which waits without a limit,
 * and whose connections bring the process down when they report an error twice.
 */
export class MysqlPool {
  readonly #place: MysqlPlace;
  readonly #limits: MysqlLimits;
  /** Those in use and those at rest. */
  readonly #connections = new Set<MysqlConnection>();
  readonly #idle: MysqlConnection[] = [];
  readonly #waiting = new Set<Waiter>();
  #opening = 0;
  #closed = false;

  constructor(place: MysqlPlace, limits: MysqlLimits) {
    this.#place = place;
    this.#limits = limits;
  }

  async acquire(): Promise<MysqlConnection> {
    if (this.#closed) throw new Error("the ledger is closed");
    const idle = this.#takeIdle();
    if (idle !== undefined) return idle;
    return this.#hasRoom() ? this.#open() : this.#wait();
  }

  release(connection: MysqlConnection): void {
    if (connection.broken || this.#closed) this.#forget(connection);
    else this.#idle.push(connection);
    this.#serveWaiting();
  }

  /** Fails those who wait; lets running work finish for `graceMs`, and then cuts it off. */
  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    for (const waiter of this.#waiting) this.#settle(waiter).reject(new Error("the ledger is closed"));
    for (const connection of this.#idle.splice(0)) this.#forget(connection);
    const deadlineMs = systemClock.elapsedMs() + graceMs;
    while (this.#connections.size + this.#opening > 0 && systemClock.elapsedMs() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (const connection of this.#connections) connection.destroy();
  }

  #takeIdle(): MysqlConnection | undefined {
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
      if (!connection.broken) return connection;
      this.#forget(connection);
    }
    return undefined;
  }

  #hasRoom(): boolean {
    return this.#connections.size + this.#opening < this.#limits.poolSize;
  }

  async #open(): Promise<MysqlConnection> {
    this.#opening++;
    try {
      const connection = await MysqlConnection.open(this.#place, this.#limits);
      this.#connections.add(connection);
      return connection;
    } finally {
      this.#opening--;
      // Whoever waits may have room now, if this one failed.
      this.#serveWaiting();
    }
  }

  #wait(): Promise<MysqlConnection> {
    const { maxWaiting, acquireTimeoutMs, poolSize } = this.#limits;
    if (this.#waiting.size >= maxWaiting) {
      throw new PoolExhaustedError(`${maxWaiting} statements wait for one of ${poolSize} connections already`);
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(waiter);
        reject(new PoolExhaustedError(`none of ${poolSize} connections became free in ${acquireTimeoutMs} ms`));
      }, acquireTimeoutMs);
      const waiter: Waiter = { resolve, reject, timer };
      this.#waiting.add(waiter);
    });
  }

  /** First come, first served. */
  #serveWaiting(): void {
    for (const waiter of this.#waiting) {
      const idle = this.#takeIdle();
      if (idle !== undefined) this.#settle(waiter).resolve(idle);
      else if (this.#hasRoom() && !this.#closed) this.#open().then(this.#settle(waiter).resolve, waiter.reject);
      else return;
    }
  }

  #settle(waiter: Waiter): Waiter {
    clearTimeout(waiter.timer);
    this.#waiting.delete(waiter);
    return waiter;
  }

  #forget(connection: MysqlConnection): void {
    if (connection.broken) connection.destroy();
    else connection.end();
    this.#connections.delete(connection);
  }
}
