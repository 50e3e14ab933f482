/** Limit on the error codes that are counted separately, because scripts can invent any number of them. */
const maxErrorCodes = 128;

/** The values that INFO reports for the time since the start, or since CONFIG RESETSTAT. */
export class Statistics {
  commandsProcessed = 0;
  connectionsReceived = 0;
  connectionsRejected = 0;
  /** Of the rejected connections those, and requests, that were refused because the server was overloaded. */
  overloadRefusedConnections = 0;
  overloadRefusedRequests = 0;
  errorReplies = 0;
  /** The error replies, at the moment when a command last began or was counted as failed or rejected. */
  #attributedErrors = 0;
  readonly errorsByCode = new Map<string, number>();
  netInputBytes = 0;
  netOutputBytes = 0;
  /** Chunks read from and batches written to sockets. */
  reads = 0;
  writes = 0;
  /** Clients that were disconnected because they exceeded the limit on their requests or on their unread replies. */
  queryLimitDisconnections = 0;
  outputLimitDisconnections = 0;
  /** Clients that were disconnected because all clients together took too much memory. */
  evictedClients = 0;
  /** Defects of this server: a command threw an error that is no reply. */
  unexpectedErrors = 0;
  /** Replicas that got all data, those that went on where they were, and those that could not. */
  fullSyncs = 0;
  partialSyncs = 0;
  refusedPartialSyncs = 0;
  /** Background expiry: how often it ran out of time, how long it ran, and the share of expired keys it met. */
  expiryTimeouts = 0;
  expiryMs = 0;
  expiredShare = 0;

  reset(): void {
    this.errorsByCode.clear();
    this.#attributedErrors = 0;
    const fresh = new Statistics();
    for (const key of Object.keys(fresh) as (keyof Statistics)[]) {
      if (typeof fresh[key] === "number") (this as Record<string, unknown>)[key] = 0;
    }
  }

  /**
   * Whether there was an error reply since this was last called, or since `failing`. As in redis-server the command that
   * ends then has failed, even if the error stands inside of its reply or went to another client.
   */
  attributeErrors(): boolean {
    const failed = this.errorReplies !== this.#attributedErrors;
    this.#attributedErrors = this.errorReplies;
    return failed;
  }

  /** The running command fails with an error that was counted before. */
  failing(): void {
    this.#attributedErrors = -1;
  }

  /** Counts an error reply by its first word. */
  countError(message: string): void {
    this.errorReplies++;
    const space = message.indexOf(" ");
    const code = space < 0 ? message : message.slice(0, space);
    const count = this.errorsByCode.get(code);
    if (count !== undefined || this.errorsByCode.size < maxErrorCodes) this.errorsByCode.set(code, (count ?? 0) + 1);
  }
}
