import { HasherOverloaded } from "../authorization/password-hasher.ts";
import { GateOutcomeUnknown, GateUnavailable } from "../gate/gate-errors.ts";
import type { Logger } from "../logging/logger.ts";
import { LedgerUnavailableError } from "../ledger/ledger-errors.ts";
import { ProviderRefusedError, ProviderUnavailableError } from "../payments/payment-provider.ts";
import type { FailureCode } from "../contract/failures.ts";
import type { RefusalDetails } from "./refusal.ts";

interface UnexpectedFailure extends RefusalDetails {
  readonly failure: FailureCode;
}

/** The answer to an error that a handler did not expect. The error's text is only logged: it could reveal internals. */
export function failureOf(error: unknown, logger: Logger, where: string): UnexpectedFailure {
  if (error instanceof HasherOverloaded) return { failure: "overloaded", retryAfterSeconds: 2 };
  if (error instanceof GateUnavailable || error instanceof GateOutcomeUnknown) {
    logger.warn("the gate did not answer", { where, error: error.message });
    return { failure: "gate_unavailable", message: "The gate cannot be reached: try again.", retryAfterSeconds: 1 };
  }
  if (error instanceof ProviderUnavailableError || error instanceof ProviderRefusedError) {
    logger.warn("the provider of payments did not do what was asked", { where, error: error.message });
    return { failure: "payment_unavailable", retryAfterSeconds: 2 };
  }
  if (error instanceof LedgerUnavailableError) {
    logger.warn("the ledger did not answer", { where, error: error.message });
    return { failure: "ledger_unavailable", retryAfterSeconds: 1 };
  }
  logger.error("a request failed", {
    where,
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
  return { failure: "internal" };
}
