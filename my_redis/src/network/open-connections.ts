import type { Connection } from "./connection.ts";

/** The connections of a server's clients. */
export class OpenConnections extends Set<Connection> {
  #onLastClosed: () => void = () => {};

  override delete(connection: Connection): boolean {
    const wasThere = super.delete(connection);
    if (this.size === 0) this.#onLastClosed();
    return wasThere;
  }

  /** While enough input waits, nothing more is read; clients of the administration port are. */
  holdInput(isHeld: boolean): void {
    for (const connection of this) if (!connection.neverWaits) connection.holdInput(isHeld);
  }

  /**
   * Closes each connection once its client has read its replies; after `graceMs` the remaining ones are closed at once.
   */
  disconnectAll(graceMs: number): Promise<void> {
    for (const connection of [...this]) connection.finish();
    if (this.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        for (const connection of [...this]) connection.terminate();
        resolve();
      }, graceMs);
      this.#onLastClosed = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
