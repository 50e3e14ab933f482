import type { z } from "zod";
import type { Payment, PaymentEvent, Refund } from "../domain/payment.ts";
import { checkCallback, signatureHeader } from "./callback-signature.ts";
import {
  ProviderRefusedError,
  ProviderUnavailableError,
  type Callback,
  type CallbackReading,
  type CreatedPayment,
  type PaymentProvider,
  type PaymentRequest,
} from "./payment-provider.ts";
import { requestJson } from "./provider-request.ts";
import { simulatedAnswer, simulatedCallback } from "./simulator-messages.ts";

export interface SimulatorProviderOptions {
  /** Address of the simulator, without a path. */
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly callbackSecret: string;
  readonly callbackToleranceMs: number;
  readonly timeoutMs: number;
}

/** The client of `seckill payment-simulator`. */
export class SimulatorProvider implements PaymentProvider {
  readonly name = "simulator";
  readonly #options: SimulatorProviderOptions;

  constructor(options: SimulatorProviderOptions) {
    this.#options = options;
  }

  async create({ paymentId, amountMinor, currency, description }: PaymentRequest): Promise<CreatedPayment> {
    const body = { id: paymentId, amountMinor, currency, description };
    const answer = await this.#request("POST", "/payments", { body });
    if (answer === undefined) throw new ProviderRefusedError("the address of the simulator has no payments");
    return { providerId: answer.id, payUrl: answer.payUrl };
  }

  /** A payment that never reached the simulator counts as failed. */
  async ask({ id: paymentId, amountMinor, currency }: Payment): Promise<PaymentEvent | undefined> {
    const answer = await this.#request("GET", `/payments/${paymentId}`);
    const { state, ...paid } = answer ?? { state: "failed" as const, amountMinor, currency };
    if (state === "open") return undefined;
    const money = { amountMinor: paid.amountMinor, currency: paid.currency };
    return { id: `asked:${paymentId}:${state}`, paymentId, kind: state, money };
  }

  async end({ id }: Payment): Promise<void> {
    await this.#request("POST", `/payments/${id}/end`, { body: {} });
  }

  async refund({ paymentId, amountMinor, currency }: Refund): Promise<"refunded" | "pending"> {
    const answer = await this.#request("POST", `/payments/${paymentId}/refund`, {
      body: { amountMinor, currency },
      headers: { "idempotency-key": `refund:${paymentId}` },
    });
    if (answer === undefined) throw new ProviderRefusedError(`the simulator has no payment ${paymentId}`);
    return answer.state === "refunded" ? "refunded" : "pending";
  }

  async readCallback({ headers, body, nowMs }: Callback): Promise<CallbackReading> {
    const { callbackSecret: secret, callbackToleranceMs: toleranceMs } = this.#options;
    const kind = checkCallback({ header: headers.get(signatureHeader), body, secret, nowMs, toleranceMs });
    if (kind !== "genuine") return { kind };
    const parsed = parseCallback(body);
    if (parsed === undefined) return { kind: "malformed", why: "the body is not an event of the simulator" };
    const { id, paymentId, kind: happened, amountMinor, currency } = parsed;
    const money = { amountMinor, currency };
    return { kind: "event", event: { id, paymentId, kind: happened, money, providerId: paymentId } };
  }

  async #request(
    method: "GET" | "POST",
    path: string,
    { body, headers = {} }: { body?: object; headers?: Record<string, string> } = {},
  ): Promise<z.infer<typeof simulatedAnswer> | undefined> {
    const { apiUrl, apiKey, timeoutMs } = this.#options;
    const url = `${apiUrl.replace(/\/$/, "")}${path}`;
    const answer = await requestJson({
      method,
      url,
      timeoutMs,
      headers: { ...headers, authorization: `Bearer ${apiKey}` },
      ...(body !== undefined && { body }),
    });
    if (answer === undefined) return undefined;
    const parsed = simulatedAnswer.safeParse(answer);
    if (!parsed.success) throw new ProviderUnavailableError(`${method} ${url}: not an answer of the simulator`);
    return parsed.data;
  }
}

function parseCallback(body: Uint8Array): z.infer<typeof simulatedCallback> | undefined {
  try {
    return simulatedCallback.safeParse(JSON.parse(new TextDecoder().decode(body))).data;
  } catch {
    return undefined;
  }
}
