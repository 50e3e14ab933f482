import type { FailureCode } from "../contract/failures.ts";
import { paymentCallback } from "../contract/payments.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Logger } from "../logging/logger.ts";
import type { PaymentProviders } from "../payments/payment-providers.ts";
import { receiveCallback, type CallbackOutcome } from "../payments/receive-callback.ts";
import { startPayment } from "../payments/start-payment.ts";
import type { Settings } from "../settings/settings.ts";
import { type GatewayApp, mountEndpoint, type MountOptions } from "./mount-endpoint.ts";
import { mountOrders } from "./order-handlers.ts";
import { PlacesPerKey } from "./places-per-key.ts";
import { readBody } from "./read-json-body.ts";

interface PaymentParts {
  readonly ledger: Pick<Ledger, "orders" | "bundles" | "payments">;
  readonly providers: PaymentProviders;
  readonly settings: Settings;
  readonly logger: Logger;
  readonly now: () => number;
}

/** Callbacks that get no 2xx, so that the provider's own log shows that something is wrong. */
const refusals = {
  forged: "callback_forged",
  too_old: "callback_too_old",
  malformed: "callback_malformed",
  unknown_payment: "payment_not_found",
} as const satisfies Partial<Record<CallbackOutcome, FailureCode>>;

/** Callbacks of one address whose bodies may be on their way: the sender is known only when all of it is there. */
const maxBodiesPerAddress = 64;

/** The endpoints of orders and of the provider's callbacks. */
export function mountPayments(
  app: GatewayApp,
  mount: MountOptions,
  { ledger, providers, settings, logger, now }: PaymentParts,
): void {
  const { payments, orders, bundles } = ledger;
  const provider = providers.current;
  const askAfterMs = settings.payments.ask_after_seconds * 1_000;
  mountOrders(app, mount, {
    orders,
    bundles,
    startPayment: provider && ((id, paid) => startPayment(id, paid, { payments, provider, askAfterMs, now })),
  });

  const body = { ...mount.body, maxBytes: settings.payments.max_callback_bytes };
  const places = new PlacesPerKey(maxBodiesPerAddress);
  mountEndpoint(app, paymentCallback, mount, async ({ request, address }) => {
    if (providers.names.length === 0) return { failure: "payments_off" };
    if (!places.enter(address)) return { failure: "address_limited", retryAfterSeconds: 1 };
    const read = await readBody(request, body).finally(() => places.leave(address));
    if ("failure" in read) return read;
    const callback = { headers: request.headers, body: read.bytes, nowMs: now() };
    const outcome = await receiveCallback(callback, { payments, provider: providers, logger });
    mount.metrics.callbacks.add(outcome);
    return outcome in refusals ? { failure: refusals[outcome as keyof typeof refusals] } : { ok: { outcome } };
  });
}
