import { ProviderRefusedError, ProviderUnavailableError } from "./payment-provider.ts";

export interface ProviderRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly timeoutMs: number;
}

const maxErrorText = 200;

/**
 * Sends one request with a JSON body, and gives the JSON of the answer; undefined for a 404.
 * @throws ProviderUnavailableError without an answer in time, and for the statuses 429 and 5xx; ProviderRefusedError for
 * the other statuses that are no success
 */
export async function requestJson({ method, url, headers, body, timeoutMs }: ProviderRequest): Promise<unknown> {
  const response = await send(url, {
    method,
    headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (response.text === undefined) throw new ProviderUnavailableError(`${method} ${url}: ${response.error}`);
  if (response.status === 404) return undefined;
  const shown = `${method} ${url}: ${response.status} ${response.text.slice(0, maxErrorText)}`;
  if (response.status === 429 || response.status >= 500) throw new ProviderUnavailableError(shown);
  if (response.status >= 300) throw new ProviderRefusedError(shown);
  try {
    return JSON.parse(response.text);
  } catch {
    throw new ProviderUnavailableError(`${shown}: not JSON`);
  }
}

type Sent = { readonly status: number; readonly text: string } | { readonly text: undefined; readonly error: string };

async function send(url: string, options: RequestInit): Promise<Sent> {
  try {
    const response = await fetch(url, { ...options, redirect: "error" });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    return { text: undefined, error: error instanceof Error ? error.message : String(error) };
  }
}
