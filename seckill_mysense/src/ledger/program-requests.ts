/** What another program asks for with one of its request ids. */
export interface ProgramRequest {
  /** Made of program and request id, so that both have one reservation for ever. */
  readonly reservationId: string;
  readonly program: string;
  readonly requestId: string;
  readonly saleId: string;
  readonly productId: string;
  /** As the gate and the orders know the user. */
  readonly userId: string;
  readonly quantity: number;
  /** Unix milliseconds. */
  readonly requestedAtMs: number;
}

/**
 * The requests of other programs for units, written before the gate is asked. So a request id that comes again with
 * another product, quantity or user is noticed, also by another process and after a restart.
 */
export interface LedgerProgramRequests {
  /** Writes the request, and gives the one that stands: an earlier request with the same reservation id never changes. */
  register(request: ProgramRequest): Promise<ProgramRequest>;
  read(reservationId: string): Promise<ProgramRequest | undefined>;
  /**
   * Looks at the next `limit` requests in the order of their ids, and forgets those whose sale ended before the moment.
   * Resolves with the id after which to go on; undefined after the last request. A forgotten request that was ordered or
   * rejected still stands when it comes again.
   */
  forget(step: ForgetStep): Promise<string | undefined>;
}

export interface ForgetStep {
  /** "" for the first step. */
  readonly after: string;
  readonly limit: number;
  /** Unix milliseconds. */
  readonly endedBeforeMs: number;
}
