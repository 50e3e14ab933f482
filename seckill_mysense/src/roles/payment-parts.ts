import type { PaymentProvider } from "../payments/payment-provider.ts";
import { SimulatorProvider } from "../payments/simulator-provider.ts";
import { type PaymentSimulator, startPaymentSimulator } from "../payments/simulator/payment-simulator.ts";
import type { Settings } from "../settings/settings.ts";
import type { Clock } from "../time/clock.ts";
import { StartError } from "./start-error.ts";

/** The providers that the settings name. */
export interface OpenedProviders {
  /** Undefined in a sale without one. */
  readonly provider: PaymentProvider | undefined;
  readonly formerProviders: readonly PaymentProvider[];
}

/** @throws StartError if the package of one is not installed */
export async function openProviders({ payments }: Settings): Promise<OpenedProviders> {
  const open = (one: Account): Promise<PaymentProvider> => openProvider(payments, one);
  const { provider } = payments;
  return {
    provider: provider === "none" ? undefined : await open({ ...payments, provider }),
    formerProviders: await Promise.all(payments.former.map(open)),
  };
}

type Account = Settings["payments"]["former"][number];

async function openProvider(
  { return_url, timeout_ms, callback_tolerance_seconds, ask_after_seconds }: Settings["payments"],
  { provider, api_url, api_key, callback_secret }: Account,
): Promise<PaymentProvider> {
  const shared = {
    apiUrl: api_url,
    apiKey: api_key,
    callbackSecret: callback_secret,
    callbackToleranceMs: callback_tolerance_seconds * 1_000,
    timeoutMs: timeout_ms,
  };
  switch (provider) {
    case "simulator":
      return new SimulatorProvider(shared);
    case "stripe":
      return openStripe({ ...shared, returnUrl: return_url, askAfterMs: ask_after_seconds * 1_000 });
  }
}

/** Loaded only by those who use it: the package is optional. */
async function openStripe(options: Parameters<typeof import("../payments/stripe-provider.ts").stripeProvider>[0]) {
  try {
    const { stripeProvider } = await import("../payments/stripe-provider.ts");
    return await stripeProvider(options);
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new StartError('payments.provider is "stripe", but its package is missing: npm install stripe');
  }
}

/** @throws StartError if the settings do not name a simulator, or its port is taken */
export function startSimulator({ payments, backend }: Settings, now: Clock["now"]): PaymentSimulator {
  if (payments.provider !== "simulator") {
    throw new StartError('payments.provider must be "simulator" to start payment-simulator');
  }
  const { hostname, port } = new URL(payments.api_url);
  const callbackUrl = payments.callback_url || `http://127.0.0.1:${backend.api_port}/api/payments/callback`;
  try {
    return startPaymentSimulator({
      host: hostname,
      port: Number(port),
      callbackUrl: () => callbackUrl,
      apiKey: payments.api_key,
      callbackSecret: payments.callback_secret,
      timeoutMs: payments.timeout_ms,
      now,
    });
  } catch (error) {
    if ((error as { code?: string }).code !== "EADDRINUSE") throw error;
    throw new StartError(`payments.api_url ${payments.api_url}: the port is in use by another process`);
  }
}
