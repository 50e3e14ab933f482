import type { Stripe } from "stripe";
import type { Payment, PaymentEvent, Refund } from "../domain/payment.ts";
import {
  ProviderRefusedError,
  ProviderUnavailableError,
  RefundFailedError,
  type Callback,
  type CallbackReading,
  type CreatedPayment,
  type PaymentProvider,
  type PaymentRequest,
} from "./payment-provider.ts";
import { checkCallback } from "./callback-signature.ts";
import { readStripeEvent } from "./stripe-events.ts";
import { describeBadAmount, sessionLeewayMs, sessionMs } from "./stripe-limits.ts";

export interface StripeProviderOptions {
  /** Empty for Stripe itself. */
  readonly apiUrl: string;
  readonly apiKey: string;
  /** The secret of the webhook endpoint: `whsec_...`. */
  readonly callbackSecret: string;
  readonly callbackToleranceMs: number;
  readonly returnUrl: string;
  readonly timeoutMs: number;
  /** A payment without a session counts as failed after this time, and is not asked for again. */
  readonly askAfterMs: number;
}

/** Stripe through Checkout Sessions. The package `stripe` is loaded here and nowhere else. */
export async function stripeProvider(options: StripeProviderOptions): Promise<PaymentProvider> {
  const { Stripe: Client } = await import("stripe");
  const { apiUrl, apiKey, timeoutMs } = options;
  const address = apiUrl === "" ? undefined : new URL(apiUrl);
  const client = new Client(apiKey, {
    timeout: timeoutMs,
    // The keeper repeats what failed. Retries of the library would hold a buyer's request.
    maxNetworkRetries: 0,
    httpClient: Client.createFetchHttpClient(),
    ...(address !== undefined && {
      host: address.hostname,
      port: address.port || (address.protocol === "http:" ? 80 : 443),
      protocol: address.protocol === "http:" ? ("http" as const) : ("https" as const),
    }),
  });
  return new StripeProvider(client, options);
}

class StripeProvider implements PaymentProvider {
  readonly name = "stripe";
  readonly #client: Stripe;
  readonly #options: StripeProviderOptions;

  constructor(client: Stripe, options: StripeProviderOptions) {
    this.#client = client;
    this.#options = options;
  }

  async create(request: PaymentRequest): Promise<CreatedPayment> {
    const { paymentId, amountMinor, currency, description, createdAtMs, payBeforeMs } = request;
    const { returnUrl, askAfterMs } = this.#options;
    const problem = describeBadAmount(request);
    if (problem !== undefined) throw new ProviderRefusedError(`the amount of payment ${paymentId} is ${problem}`);
    // Every value follows from the payment, because Stripe refuses an idempotency key with other values. A request whose
    // answer was lost may be repeated until the payment counts as failed. A payment that comes after the order's end is
    // refunded.
    const earliestMs = createdAtMs + askAfterMs + sessionMs.least + sessionLeewayMs;
    const latestMs = createdAtMs + sessionMs.most - sessionLeewayMs;
    const endsAtMs = Math.min(Math.max(payBeforeMs, earliestMs), latestMs);
    const session = await asked(() =>
      this.#client.checkout.sessions.create(
        {
          mode: "payment",
          client_reference_id: paymentId,
          metadata: { payment: paymentId },
          payment_intent_data: { metadata: { payment: paymentId } },
          line_items: [
            {
              quantity: 1,
              price_data: {
                currency: currency.toLowerCase(),
                unit_amount: amountMinor,
                product_data: { name: description },
              },
            },
          ],
          success_url: returnUrl,
          cancel_url: returnUrl,
          expires_at: Math.floor(endsAtMs / 1_000),
        },
        { idempotencyKey: `payment:${paymentId}` },
      ),
    );
    if (session.url === null) throw new ProviderRefusedError(`Stripe gave the session ${session.id} no address`);
    return { providerId: session.id, payUrl: session.url };
  }

  /** Without a session's id the buyer has never seen an address to pay at. */
  async ask({ id, providerId }: Payment): Promise<PaymentEvent | undefined> {
    if (providerId === undefined) return { id: `asked:${id}:failed`, paymentId: id, kind: "failed" };
    const session = await asked(() => this.#client.checkout.sessions.retrieve(providerId));
    if (session.status === "complete" && session.payment_status !== "unpaid") {
      const money = { amountMinor: session.amount_total ?? 0, currency: (session.currency ?? "").toUpperCase() };
      return { id: `asked:${id}:succeeded`, paymentId: id, kind: "succeeded", money };
    }
    return session.status === "expired" ? { id: `asked:${id}:failed`, paymentId: id, kind: "failed" } : undefined;
  }

  /**
   * An idempotency key protects a request for a day. An outage may last longer, so the refunds that there are are read
   * first.
   */
  async refund({ paymentId, providerId, amountMinor, retries }: Refund): Promise<"refunded" | "pending"> {
    // Stripe completes a session of nothing without a payment.
    if (amountMinor === 0) return "refunded";
    if (providerId === undefined) throw new ProviderRefusedError(`payment ${paymentId} has no session at Stripe`);
    const session = await asked(() => this.#client.checkout.sessions.retrieve(providerId));
    const intent = typeof session.payment_intent === "string" ? session.payment_intent : session.payment_intent?.id;
    if (intent === undefined) throw new ProviderRefusedError(`the session ${providerId} has no payment`);
    const all = await asked(() => this.#client.refunds.list({ payment_intent: intent, limit: 100 }));
    const known = all.data.filter(({ metadata }) => metadata?.["payment"] === paymentId);
    const failed = known.filter(hasFailed);
    // The newest comes first.
    if (failed.length === known.length && failed.length > retries) throw failureOf(failed[0]!);
    const refund =
      known.find((one) => !hasFailed(one)) ??
      (await asked(() =>
        this.#client.refunds.create(
          { payment_intent: intent, amount: amountMinor, metadata: { payment: paymentId } },
          { idempotencyKey: `refund:${paymentId}${failed.length === 0 ? "" : `:${failed.length}`}` },
        ),
      ));
    if (refund.status === "succeeded") return "refunded";
    if (hasFailed(refund)) throw failureOf(refund);
    return "pending";
  }

  async end({ id, providerId }: Payment): Promise<void> {
    if (providerId === undefined) return;
    const session = await asked(() => this.#client.checkout.sessions.retrieve(providerId));
    if (session.status === "expired") return;
    if (session.status === "open") await asked(() => this.#client.checkout.sessions.expire(providerId));
    else throw new ProviderRefusedError(`the session of payment ${id} at Stripe is ${session.status}`);
  }

  /** Stripe signs as this system does. The library's own check takes a time that is still to come. */
  async readCallback({ headers, body, nowMs }: Callback): Promise<CallbackReading> {
    const { callbackSecret: secret, callbackToleranceMs: toleranceMs } = this.#options;
    const kind = checkCallback({ header: headers.get("stripe-signature"), body, secret, nowMs, toleranceMs });
    if (kind !== "genuine") return { kind };
    try {
      return readStripeEvent(JSON.parse(new TextDecoder().decode(body)) as Stripe.Event);
    } catch (error) {
      return { kind: "malformed", why: (error as Error).message };
    }
  }
}

/** Money of such a refund is back at the merchant. Other refunds are done, or still on their way. */
function hasFailed({ status }: Stripe.Refund): boolean {
  return status === "failed" || status === "canceled";
}

function failureOf({ id, status, failure_reason }: Stripe.Refund): RefundFailedError {
  const why = failure_reason === undefined ? "" : `: ${failure_reason}`;
  return new RefundFailedError(`the refund ${id} at Stripe is ${status}${why}`);
}

/** Errors of the library as those of the port. */
async function asked<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    const { type = "", statusCode = 0, message } = error as { type?: string; statusCode?: number; message: string };
    const isPassing = type === "StripeConnectionError" || type === "StripeRateLimitError" || statusCode >= 500;
    throw isPassing
      ? new ProviderUnavailableError(`Stripe: ${message}`, { cause: error })
      : new ProviderRefusedError(`Stripe: ${message}`, { cause: error });
  }
}
