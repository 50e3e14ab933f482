import { errorOf, QuantityError, type RefusalBody, UnavailableError, UnknownOutcomeError } from "./quantity-errors.ts";
import type { CallSignal, FetchedAnswer, QuantityClientOptions } from "./quantity-types.ts";

export interface ServiceCall {
  readonly method: "GET" | "POST";
  /** With its query. */
  readonly path: string;
  readonly body?: object;
  readonly signal: CallSignal | undefined;
}

/** Nothing that the service answers is nearly as long. */
const maxAnswerBytes = 1_048_576;
const maxPauseMs = 2_000;

/** Calls the service, and repeats what may be repeated: every call has an id, and does its work once. */
export class ServiceCalls {
  readonly #options: Required<QuantityClientOptions>;

  /** @throws TypeError if an option is missing or out of range */
  constructor(options: QuantityClientOptions) {
    const { timeoutMs = 3_000, maxTries = 4, firstPauseMs = 100, fetch = globalFetch, key } = options;
    const url = URL.canParse(options.url) ? new URL(options.url) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol)) {
      throw new TypeError(`url is ${JSON.stringify(options.url)}: it must begin with http:// or https://`);
    }
    if (typeof key !== "string" || key.length < 32) throw new TypeError("key must have at least 32 characters");
    checkWhole("timeoutMs", timeoutMs, 1, 600_000);
    checkWhole("maxTries", maxTries, 1, 100);
    checkWhole("firstPauseMs", firstPauseMs, 0, 60_000);
    this.#options = { url: url.href.replace(/\/$/, ""), key, timeoutMs, maxTries, firstPauseMs, fetch };
  }

  /** @throws QuantityError, or the reason of the call's signal */
  async call(call: ServiceCall): Promise<unknown> {
    const { maxTries, firstPauseMs } = this.#options;
    let isUnknown = false;
    for (let tries = 1; ; tries++) {
      throwIfAborted(call.signal);
      try {
        return await this.#once(call);
      } catch (error) {
        throwIfAborted(call.signal);
        const mayRepeat = error instanceof UnknownOutcomeError || error instanceof UnavailableError;
        if (!mayRepeat || error.code === "not_started" || error.code === "sale_paused") throw error;
        isUnknown ||= error instanceof UnknownOutcomeError;
        if (tries === maxTries) throw isUnknown ? unknownAfter(error, tries) : error;
        await pause(pauseMs(error, firstPauseMs * 2 ** (tries - 1)), call.signal);
      }
    }
  }

  async #once({ method, path, body, signal }: ServiceCall): Promise<unknown> {
    const { url, key, timeoutMs, fetch } = this.#options;
    const ending = new AbortController();
    const end = (): void => ending.abort();
    const timer = setTimeout(end, timeoutMs);
    signal?.addEventListener("abort", end);
    const headers: Record<string, string> = { authorization: `Bearer ${key}`, accept: "application/json" };
    if (body !== undefined) headers["content-type"] = "application/json";
    let status: number;
    let text: string;
    try {
      const response = await fetch(url + path, {
        method,
        headers,
        // A redirect would take the key to another address.
        redirect: "error",
        signal: ending.signal,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      status = response.status;
      text = await readText(response);
    } catch (error) {
      const isLate = ending.signal.aborted;
      throw noAnswer(isLate ? `no answer within ${timeoutMs} milliseconds` : String(error), 0, error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
    }
    const answer = parse(text);
    if (status >= 200 && status < 300 && answer !== undefined) return answer;
    if (isRefusal(answer)) throw errorOf(status, answer);
    throw noAnswer(`the answer with status ${status} is not one of the quantity service`, status);
  }
}

/** Looked up at each call, so that a test or a tracer can replace it. */
const globalFetch: Required<QuantityClientOptions>["fetch"] = (url, { signal, ...init }) =>
  globalThis.fetch(url, { ...init, signal: signal as AbortSignal });

function throwIfAborted(signal: CallSignal | undefined): void {
  if (signal?.aborted === true) throw signal.reason;
}

function noAnswer(message: string, status: number, cause?: unknown): UnknownOutcomeError {
  return new UnknownOutcomeError(message, { status, code: "no_answer", cause });
}

/** One of the tries had an unknown outcome, and a later refusal does not make it known. */
function unknownAfter(last: QuantityError, tries: number): UnknownOutcomeError {
  const { status, code, retryAfterSeconds } = last;
  const details = { status, code, retryAfterSeconds, cause: last };
  return new UnknownOutcomeError(`unknown after ${tries} tries, the last one: ${last.message}`, details);
}

async function readText(response: FetchedAnswer): Promise<string> {
  const length = Number(response.headers.get("content-length") ?? 0);
  if (length > maxAnswerBytes) throw new Error(`the answer has ${length} bytes, ${maxAnswerBytes} are allowed`);
  const text = await response.text();
  if (text.length > maxAnswerBytes) throw new Error(`the answer has more than ${maxAnswerBytes} bytes`);
  return text;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isRefusal(answer: unknown): answer is RefusalBody {
  const { error, message } = (answer ?? {}) as Partial<RefusalBody>;
  return typeof error === "string" && typeof message === "string";
}

function pauseMs({ retryAfterSeconds = 0 }: QuantityError, grownMs: number): number {
  return Math.min(maxPauseMs, Math.max(grownMs, retryAfterSeconds * 1_000));
}

async function pause(ms: number, signal: CallSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
}

function checkWhole(name: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new TypeError(`${name} is ${value}: it must be a whole number from ${least} to ${most}`);
}
