import { timingSafeEqual } from "node:crypto";
import type { z } from "zod";
import { simulatedBehaviour, simulatedPayment } from "../simulator-messages.ts";
import { CallbackSender } from "./callback-sender.ts";
import { payPage, thanksPage } from "./pay-page.ts";
import { SimulatedPayments } from "./simulated-payments.ts";

export interface PaymentSimulatorOptions {
  readonly host: string;
  /** 0 for a free port. */
  readonly port: number;
  /** Where callbacks go; asked for each of them. */
  readonly callbackUrl: () => string;
  readonly apiKey: string;
  readonly callbackSecret: string;
  readonly timeoutMs: number;
  readonly now: () => number;
}

export interface PaymentSimulator {
  readonly url: string;
  stop(): Promise<void>;
}

const maxBodyBytes = 16_384;
const answer = (body: unknown, status = 200): Response => Response.json(body, { status });
const refused = (status: number, error: string): Response => answer({ error }, status);

/**
 * A provider of payments that moves no money: its own HTTP server, with signed callbacks that can fail, be late, be
 * repeated and come in the wrong order. It keeps everything in memory.
 */
export function startPaymentSimulator(options: PaymentSimulatorOptions): PaymentSimulator {
  const { host, port, callbackUrl, callbackSecret: secret, timeoutMs, now } = options;
  const sender = new CallbackSender({ callbackUrl, secret, timeoutMs, now });
  const payments: SimulatedPayments = new SimulatedPayments({
    url: () => `http://${host}:${server.port}`,
    send: (callbacks) => {
      if (payments.behaviour.hold) sender.hold(callbacks);
      else sender.send(callbacks, payments.behaviour.delayMs);
    },
  });
  const server = Bun.serve({
    hostname: host,
    port,
    reusePort: false,
    development: false,
    maxRequestBodySize: maxBodyBytes,
    routes: routes(options.apiKey, payments, sender),
    fetch: () => refused(404, "there is nothing at this address"),
  });
  return {
    url: `http://${host}:${server.port}`,
    async stop() {
      sender.stop();
      await server.stop(true);
    },
  };
}

type Handler<Path extends string> = (request: Bun.BunRequest<Path>) => Response | Promise<Response>;

function routes(apiKey: string, payments: SimulatedPayments, sender: CallbackSender) {
  const withKey =
    <Path extends string>(handler: Handler<Path>): Handler<Path> =>
    (request) =>
      hasKey(request, apiKey) ? handler(request) : refused(401, "the API key is missing or wrong");
  return {
    "/payments": {
      POST: withKey<"/payments">(async (request) => {
        const body = await readBody(request, simulatedPayment);
        if (body instanceof Response) return body;
        const created = payments.create(body);
        return created === "full" ? refused(503, "the simulator remembers no further payments") : answer(created);
      }),
    },
    "/payments/:id": {
      GET: withKey<"/payments/:id">(({ params }) => {
        payments.asked++;
        const payment = payments.read(params.id);
        return payment === undefined ? refused(404, "there is no such payment") : answer(payment);
      }),
    },
    "/payments/:id/end": {
      POST: withKey<"/payments/:id/end">(({ params }) => {
        const ended = payments.end(params.id);
        return ended === undefined ? refused(404, "there is no such payment") : answer(ended);
      }),
    },
    "/payments/:id/refund": {
      POST: withKey<"/payments/:id/refund">(({ params, headers }) =>
        refund({ id: params.id, key: headers.get("idempotency-key") ?? "" }, payments),
      ),
    },
    "/behaviour": {
      POST: withKey<"/behaviour">(async (request) => {
        const body = await readBody(request, simulatedBehaviour);
        return body instanceof Response ? body : answer(Object.assign(payments.behaviour, body));
      }),
    },
    "/callbacks/release": { POST: withKey<"/callbacks/release">(() => answer({ released: sender.release() })) },
    "/figures": {
      GET: withKey<"/figures">(() => {
        const { count, refunded, asked } = payments;
        return answer({ payments: count, refunded, asked, held: sender.held, unsent: sender.unsent, ...sender.counts });
      }),
    },
    "/pay/:id": payRoutes(payments),
  };
}

/** The page for buyers needs no key: the id of a payment cannot be guessed. */
function payRoutes(payments: SimulatedPayments) {
  return {
    GET: ({ params }: Bun.BunRequest<"/pay/:id">): Response => {
      const payment = payments.read(params.id);
      return payment === undefined ? refused(404, "there is no such payment") : payPage(payment);
    },
    POST: async (request: Bun.BunRequest<"/pay/:id">): Promise<Response> => {
      const outcome = new URLSearchParams(await request.text()).get("outcome");
      if (outcome !== "succeeded" && outcome !== "failed") return refused(400, "outcome must be succeeded or failed");
      const done = payments.decide(request.params.id, [outcome]);
      return done ? thanksPage(outcome) : refused(409, "the payment is unknown, or was made already");
    },
  };
}

/** `lose` pays back and then fails, as if the answer had been lost on its way. */
function refund({ id, key }: { id: string; key: string }, payments: SimulatedPayments): Response {
  const { refunds } = payments.behaviour;
  if (refunds === "fail") return refused(503, "the simulator refuses refunds now");
  const outcome = payments.refund(id, key);
  if (outcome === "unknown") return refused(404, "there is no such payment");
  if (outcome === "not_paid") return refused(409, "the payment has not succeeded");
  return refunds === "lose" ? refused(503, "the answer was lost") : answer(outcome);
}

function hasKey(request: Request, apiKey: string): boolean {
  const given = Buffer.from(request.headers.get("authorization") ?? "");
  const expected = Buffer.from(`Bearer ${apiKey}`);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

async function readBody<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
): Promise<z.infer<Schema> | Response> {
  let value: unknown;
  try {
    value = await request.json();
  } catch {
    return refused(400, "the body is not JSON");
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return refused(400, `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`);
}
