import type { Callback, CallbackReading, PaymentProvider } from "./payment-provider.ts";

/**
 * The provider through which buyers pay, and those through which they paid before. A payment belongs to the provider
 * through which it was made, also after the settings name another one.
 */
export class PaymentProviders {
  /** Undefined in a sale without a provider. */
  readonly current: PaymentProvider | undefined;
  readonly #byName: ReadonlyMap<string, PaymentProvider>;

  constructor(current: PaymentProvider | undefined, former: readonly PaymentProvider[] = []) {
    this.current = current;
    const all = current === undefined ? former : [current, ...former];
    this.#byName = new Map(all.map((provider) => [provider.name, provider]));
  }

  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  find(name: string): PaymentProvider | undefined {
    return this.#byName.get(name);
  }

  /** What the provider says that has signed the callback. */
  async readCallback(callback: Callback): Promise<CallbackReading> {
    let reading: CallbackReading = { kind: "forged" };
    for (const [name, provider] of this.#byName) {
      reading = await provider.readCallback(callback);
      if (reading.kind === "event") return { kind: "event", event: { ...reading.event, provider: name } };
      if (reading.kind !== "forged") break;
    }
    return reading;
  }
}
