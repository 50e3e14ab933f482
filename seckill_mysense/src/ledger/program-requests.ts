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
}
