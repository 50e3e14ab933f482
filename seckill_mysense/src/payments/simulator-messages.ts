// What the simulated provider and its client say to each other.

import { z } from "zod";

const id = z.string().min(1).max(64);
const money = { amountMinor: z.int().min(0), currency: z.string().regex(/^[A-Z]{3}$/) };

export const simulatedPayment = z.strictObject({
  id,
  ...money,
  description: z.string().max(500),
});

export const simulatedState = z.enum(["open", "succeeded", "failed", "refunded"]);

/** The simulator's answer about one payment. */
export const simulatedAnswer = z.object({ id, ...money, state: simulatedState, payUrl: z.string().max(2_000) });

/** The body of a callback. */
export const simulatedCallback = z.object({
  id: z.string().min(1).max(255),
  kind: z.enum(["succeeded", "failed", "refunded"]),
  paymentId: id,
  ...money,
});

/** How the simulator behaves from now on. Keys that are left out stay as they are. */
export const simulatedBehaviour = z.strictObject({
  /** What a new payment does without a buyer. `wait`: a person decides on its page. */
  outcome: z.enum(["wait", "succeed", "fail", "fail_then_succeed"]).optional(),
  /** Delay of each callback. */
  delayMs: z.int().min(0).max(3_600_000).optional(),
  /** How often each callback is sent. */
  copies: z.int().min(1).max(20).optional(),
  /** The callbacks of one payment are sent in the reverse of their order. */
  reversed: z.boolean().optional(),
  /** Callbacks are kept back until they are released, as if the network had lost them. */
  hold: z.boolean().optional(),
  /** How requests for refunds are answered; `lose` pays the money back, but answers with an error. */
  refunds: z.enum(["answer", "fail", "lose"]).optional(),
});
export type SimulatedBehaviour = z.infer<typeof simulatedBehaviour>;
export type SimulatedCallback = z.infer<typeof simulatedCallback>;
