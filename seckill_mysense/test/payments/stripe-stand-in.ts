// A stand-in for the part of Stripe's API that the sale uses: same paths, form encoding, idempotency keys and errors.

const minuteMs = 60_000;

interface Session {
  readonly id: string;
  readonly object: "checkout.session";
  readonly url: string;
  readonly metadata: { readonly payment: string };
  readonly amount_total: number;
  readonly currency: string;
  status: "open" | "complete" | "expired";
  payment_status: "unpaid" | "paid" | "no_payment_required";
  payment_intent: string | null;
}

interface StripeRefund {
  readonly id: string;
  readonly object: "refund";
  readonly payment_intent: string;
  readonly amount: number;
  readonly metadata: { readonly payment: string };
  readonly status: "succeeded" | "pending" | "failed" | "canceled";
}

export interface StripeStandIn extends Disposable {
  readonly url: string;
  readonly sessions: Map<string, Session>;
  readonly refunds: StripeRefund[];
  /** Requests as `METHOD path`, in order. */
  readonly requests: string[];
  /** Stripe's clock: it takes no session that ends in less than 30 minutes or in more than 24 hours. */
  nowMs: number;
  /** Every request is answered with this status while it is set. */
  failure: number | undefined;
  refundStatus: StripeRefund["status"];
  /** The buyer pays. */
  pay(sessionId: string): void;
}

export function startStripeStandIn(apiKey: string, nowMs: number): StripeStandIn {
  const answers = new Map<string, { readonly form: string; readonly answer: object }>();
  const stripe = {
    sessions: new Map<string, Session>(),
    refunds: [] as StripeRefund[],
    requests: [] as string[],
    nowMs,
    failure: undefined as number | undefined,
    refundStatus: "succeeded" as StripeRefund["status"],
    pay(sessionId: string) {
      const session = stripe.sessions.get(sessionId)!;
      const paid = { payment_status: "paid", payment_intent: `pi_${sessionId}` };
      // A session of nothing has no payment.
      const free = { payment_status: "no_payment_required", payment_intent: null };
      Object.assign(session, { status: "complete", ...(session.amount_total === 0 ? free : paid) });
    },
  };

  function createSession(form: URLSearchParams): Session {
    const id = `cs_test_${stripe.sessions.size + 1}`;
    const session: Session = {
      id,
      object: "checkout.session",
      url: `https://checkout.stripe.example/${id}`,
      metadata: { payment: form.get("metadata[payment]") ?? "" },
      amount_total: Number(form.get("line_items[0][price_data][unit_amount]")),
      currency: form.get("line_items[0][price_data][currency]") ?? "",
      status: "open",
      payment_status: "unpaid",
      payment_intent: null,
    };
    stripe.sessions.set(id, session);
    return session;
  }

  function createRefund(form: URLSearchParams): StripeRefund {
    const refund: StripeRefund = {
      id: `re_${stripe.refunds.length + 1}`,
      object: "refund",
      payment_intent: form.get("payment_intent") ?? "",
      amount: Number(form.get("amount")),
      metadata: { payment: form.get("metadata[payment]") ?? "" },
      status: stripe.refundStatus,
    };
    stripe.refunds.push(refund);
    return refund;
  }

  /** Stripe repeats its first answer to a key, and refuses other values with it. */
  async function idempotent(request: Request, create: (form: URLSearchParams) => object): Promise<Response> {
    const form = await request.text();
    const key = request.headers.get("idempotency-key") ?? "";
    const known = key === "" ? undefined : answers.get(key);
    if (known !== undefined && known.form !== form)
      return failed(400, "idempotency_error", "other values for this key");
    const answer = known?.answer ?? create(new URLSearchParams(form));
    answers.set(key, { form, answer });
    return Response.json(answer);
  }

  const failed = (status: number, type: string, message: string): Response =>
    Response.json({ error: { type, message } }, { status });

  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      stripe.requests.push(`${request.method} ${pathname}`);
      if (request.headers.get("authorization") !== `Bearer ${apiKey}`) {
        return failed(401, "invalid_request_error", "Invalid API Key provided");
      }
      if (stripe.failure !== undefined) return failed(stripe.failure, "api_error", "Stripe is away");
      if (pathname === "/v1/checkout/sessions") {
        const form = new URLSearchParams(await request.clone().text());
        const lastsMs = Number(form.get("expires_at")) * 1_000 - stripe.nowMs;
        const isKnown = answers.has(request.headers.get("idempotency-key") ?? "");
        if (!isKnown && (lastsMs < 30 * minuteMs || lastsMs > 24 * 60 * minuteMs)) {
          const why = "expires_at must be between 30 minutes and 24 hours after the current time";
          return failed(400, "invalid_request_error", why);
        }
        return idempotent(request, createSession);
      }
      if (pathname === "/v1/refunds" && request.method === "POST") return idempotent(request, createRefund);
      if (pathname === "/v1/refunds") {
        const data = stripe.refunds.filter((refund) => refund.payment_intent === searchParams.get("payment_intent"));
        return Response.json({ object: "list", data, has_more: false, url: pathname });
      }
      const session = stripe.sessions.get(pathname.replace("/v1/checkout/sessions/", "").replace("/expire", ""));
      if (session !== undefined && pathname.endsWith("/expire")) session.status = "expired";
      return session === undefined ? failed(404, "invalid_request_error", "No such session") : Response.json(session);
    },
  });
  return Object.assign(stripe, {
    url: `http://127.0.0.1:${server.port}`,
    [Symbol.dispose]: () => void server.stop(true),
  });
}
