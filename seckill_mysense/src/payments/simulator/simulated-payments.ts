import type { z } from "zod";
import type {
  simulatedAnswer,
  simulatedPayment,
  SimulatedBehaviour,
  SimulatedCallback,
} from "../simulator-messages.ts";

type Answer = z.infer<typeof simulatedAnswer>;
type Kind = SimulatedCallback["kind"];

/** Most payments that the simulator remembers; it then refuses further ones. */
const maxPayments = 200_000;

export interface SimulatedPaymentsOptions {
  /** The address of the simulator, for the pages on which buyers pay. */
  readonly url: () => string;
  readonly send: (callbacks: readonly SimulatedCallback[]) => void;
}

/** The payments of the simulated provider, in memory. */
export class SimulatedPayments {
  readonly behaviour: { [Key in keyof SimulatedBehaviour]-?: NonNullable<SimulatedBehaviour[Key]> } = {
    outcome: "wait",
    delayMs: 0,
    copies: 1,
    reversed: false,
    hold: false,
    refunds: "answer",
  };
  readonly #options: SimulatedPaymentsOptions;
  readonly #payments = new Map<string, Answer>();
  /** How often money went back: more than once for a payment if it was asked for with another key. */
  refunded = 0;
  /** Payment to the idempotency key of its latest refund. */
  readonly #refundKeys = new Map<string, string>();
  /** Questions about payments. */
  asked = 0;
  /** Payments that the shop has ended: no buyer can make them any more. */
  readonly #ended = new Set<string>();

  constructor(options: SimulatedPaymentsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#payments.size;
  }

  read(id: string): Answer | undefined {
    return this.#payments.get(id);
  }

  /** A request that is repeated finds its payment. */
  create({ id, amountMinor, currency }: z.infer<typeof simulatedPayment>): Answer | "full" {
    const known = this.#payments.get(id);
    if (known !== undefined) return known;
    if (this.#payments.size >= maxPayments) return "full";
    const payUrl = `${this.#options.url()}/pay/${id}`;
    this.#payments.set(id, { id, amountMinor, currency, state: "open", payUrl });
    const { outcome } = this.behaviour;
    if (outcome === "succeed") this.decide(id, ["succeeded"]);
    if (outcome === "fail") this.decide(id, ["failed"]);
    if (outcome === "fail_then_succeed") this.decide(id, ["failed", "succeeded"]);
    return this.#payments.get(id)!;
  }

  /** What the buyer did, one after the other. Only an open or failed payment can still change. */
  decide(id: string, kinds: readonly ("succeeded" | "failed")[]): boolean {
    const payment = this.#payments.get(id);
    if (payment === undefined || payment.state === "succeeded" || payment.state === "refunded") return false;
    if (this.#ended.has(id)) return false;
    this.#payments.set(id, { ...payment, state: kinds.at(-1)! });
    this.#tell(kinds.map((kind) => this.#callback(payment, kind)));
    return true;
  }

  /** Gives a payment up that no buyer has made. Others stay as they are. */
  end(id: string): Answer | undefined {
    const payment = this.#payments.get(id);
    if (payment === undefined || payment.state === "succeeded" || payment.state === "refunded") return payment;
    this.#ended.add(id);
    const ended = { ...payment, state: "failed" as const };
    this.#payments.set(id, ended);
    return ended;
  }

  /**
   * Pays money back once for a key, however often it is asked. With another key it pays again, as a provider may do whose
   * shop does not repeat its key: tests then find that a shop paid twice.
   */
  refund(id: string, key: string): Answer | "not_paid" | "unknown" {
    const payment = this.#payments.get(id);
    if (payment === undefined) return "unknown";
    if (payment.state === "refunded" && this.#refundKeys.get(id) === key) return payment;
    if (payment.state !== "succeeded" && payment.state !== "refunded") return "not_paid";
    const refunded = { ...payment, state: "refunded" as const };
    this.#payments.set(id, refunded);
    this.#refundKeys.set(id, key);
    this.refunded++;
    this.#tell([this.#callback(payment, "refunded")]);
    return refunded;
  }

  #callback({ id, amountMinor, currency }: Answer, kind: Kind): SimulatedCallback {
    return { id: `sim:${id}:${kind}`, kind, paymentId: id, amountMinor, currency };
  }

  #tell(callbacks: readonly SimulatedCallback[]): void {
    const { copies, reversed } = this.behaviour;
    const ordered = reversed ? callbacks.toReversed() : callbacks;
    this.#options.send(ordered.flatMap((callback) => Array.from({ length: copies }, () => callback)));
  }
}
