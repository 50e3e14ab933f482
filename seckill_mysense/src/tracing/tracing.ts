import {
  type Attributes,
  context,
  type Context,
  INVALID_SPAN_CONTEXT,
  propagation,
  ProxyTracer,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  trace,
} from "@opentelemetry/api";

/**
 * Traces a purchase if an OpenTelemetry SDK is registered: /check, the gate's decision, the relay's publish, the
 * ledger's commit. Without an SDK every function here only runs its work.
 */
const tracer = trace.getTracer("seckill-mysense");

/**
 * Whether an SDK was registered before this file was loaded, as a preloaded one is. Callers on the path of every
 * request leave tracing out if not, so that it costs them nothing.
 */
export const isTracing = !(tracer instanceof ProxyTracer);

const headersGetter: TextMapGetter<Headers> = {
  get: (headers, name) => headers.get(name) ?? undefined,
  keys: (headers) => [...headers.keys()],
};

export interface TracedRequest {
  readonly request: Request;
  readonly route: string;
  /**
   * Whether the trace that the request brings may be continued. Anybody can write a `traceparent`: to continue it would
   * let buyers hide from the operator's sampling, or put all requests into one trace.
   */
  readonly isTrusted: boolean;
}

/** Answers a request in a span. The span continues a trusted trace of the caller, and has a link to any other one. */
export function traceRequest(
  { request, route, isTrusted }: TracedRequest,
  respond: () => Response | Promise<Response>,
): Response | Promise<Response> {
  const brought = propagation.extract(ROOT_CONTEXT, request.headers, headersGetter);
  const parent = isTrusted ? brought : ROOT_CONTEXT;
  const linked = isTrusted ? undefined : trace.getSpanContext(brought);
  const span = tracer.startSpan(
    route,
    { kind: SpanKind.SERVER, links: linked === undefined ? [] : [{ context: linked }] },
    parent,
  );
  if (isOff(span)) return respond();
  span.updateName(`${request.method} ${route}`);
  span.setAttributes({ "http.request.method": request.method, "http.route": route });
  return finish(span, parent, respond, (response) => ({ "http.response.status_code": response.status }));
}

/** Runs `work` in a span below the active one. `describe` gives the attributes of its result. */
export function traceCall<T>(name: string, describe: (result: T) => Attributes, work: () => Promise<T>): Promise<T> {
  const span = tracer.startSpan(name, clientSpan);
  if (isOff(span)) return work();
  return finish(span, context.active(), work, describe) as Promise<T>;
}

const clientSpan = { kind: SpanKind.CLIENT };

/** The active trace as W3C's traceparent, to travel beside what it is about; undefined when nothing is traced. */
export function activeTraceparent(): string | undefined {
  const active = context.active();
  return active === ROOT_CONTEXT ? undefined : traceparentOf(active);
}

interface Traced {
  readonly traceparent?: string | undefined;
}

/**
 * Handles a batch in which every message belongs to a trace of its own: a span for each message that carries a trace.
 * `work` gets the messages with these spans as their trace, so that what comes after them stands below them.
 */
export async function traceMessages<Message extends Traced, T>(
  { name, kind }: { readonly name: string; readonly kind: "producer" | "consumer" },
  messages: readonly Message[],
  work: (messages: readonly Message[]) => Promise<T>,
): Promise<T> {
  if (messages.every(({ traceparent }) => traceparent === undefined)) return work(messages);
  const spanKind = kind === "producer" ? SpanKind.PRODUCER : SpanKind.CONSUMER;
  const spans: Span[] = [];
  const traced = messages.map((message) => {
    const { traceparent } = message;
    if (traceparent === undefined) return message;
    const parent = propagation.extract(ROOT_CONTEXT, { traceparent });
    const span = tracer.startSpan(
      name,
      { kind: spanKind, attributes: { "messaging.batch.message_count": messages.length } },
      parent,
    );
    // Without an SDK in this process the trace goes on to processes that have one.
    if (isOff(span)) return message;
    spans.push(span);
    return { ...message, traceparent: traceparentOf(trace.setSpan(parent, span)) };
  });
  try {
    return await work(traced);
  } catch (error) {
    for (const span of spans) fail(span, error);
    throw error;
  } finally {
    for (const span of spans) span.end();
  }
}

function traceparentOf(traced: Context): string | undefined {
  const carrier: { traceparent?: string } = {};
  propagation.inject(traced, carrier);
  return carrier.traceparent;
}

/** Whether no SDK is registered: the span is then the one that stands for none. */
function isOff(span: Span): boolean {
  return span.spanContext() === INVALID_SPAN_CONTEXT;
}

/** Runs `work` with the span as the active one, and ends it with the work, also when that takes a while. */
function finish<T>(
  span: Span,
  parent: Context,
  work: () => T | Promise<T>,
  describe: (result: T) => Attributes,
): T | Promise<T> {
  const end = (result: T): T => {
    span.setAttributes(describe(result)).end();
    return result;
  };
  const endFailed = (error: unknown): never => {
    fail(span, error);
    span.end();
    throw error;
  };
  try {
    const result = context.with(trace.setSpan(parent, span), work);
    return result instanceof Promise ? result.then(end, endFailed) : end(result);
  } catch (error) {
    return endFailed(error);
  }
}

function fail(span: Span, error: unknown): void {
  span.recordException(error instanceof Error ? error : String(error));
  span.setStatus({ code: SpanStatusCode.ERROR });
}
