import type { FailureBody } from "../contract/endpoint.ts";
import { type FailureCode, failures } from "../contract/failures.ts";

export interface RefusalDetails {
  /** Replaces the code's own sentence where more can be said. */
  readonly message?: string;
  readonly retryAfterSeconds?: number;
  readonly startsAtMs?: number;
}

/** No store: a cached 410 or 404 would outlive its reason. */
const jsonHeaders = { "content-type": "application/json", "cache-control": "no-store" } as const;

/** A refusal with details of its own. */
export function refuse(
  code: FailureCode,
  details: RefusalDetails = {},
  extraHeaders: Readonly<Record<string, string>> = {},
): Response {
  const { status, message } = failures[code];
  const body: FailureBody = { error: code, message, ...details };
  const headers: Record<string, string> = { ...jsonHeaders, ...extraHeaders };
  if (details.retryAfterSeconds !== undefined) headers["retry-after"] = String(details.retryAfterSeconds);
  return new Response(JSON.stringify(body), { status, headers });
}

/** A refusal whose bytes are made once, for the path that a crowd takes: a copy costs half of a new response. */
export function encodedRefusal(code: FailureCode, details: RefusalDetails = {}): () => Response {
  const template = refuse(code, details);
  // Bun's types give clone() the type of another Response.
  return () => template.clone() as unknown as Response;
}

/** A success whose JSON is encoded already. */
export function encodedAnswer(json: string): Response {
  return new Response(json, { headers: jsonHeaders });
}

export function answer(value: unknown, status: number, headers: Readonly<Record<string, string>> = {}): Response {
  const body = status === 204 ? null : JSON.stringify(value);
  return new Response(body, { status, headers: { ...jsonHeaders, ...headers } });
}
