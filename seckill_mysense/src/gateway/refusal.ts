import type { FailureBody } from "../contract/endpoint.ts";
import { type FailureCode, failures } from "../contract/failures.ts";

export interface RefusalDetails {
  /** Replaces the default sentence of the code if the handler knows more. */
  readonly message?: string;
  readonly retryAfterSeconds?: number;
  readonly startsAtMs?: number;
  readonly opensAtMs?: number;
  /** Units that the client may still ask for. */
  readonly left?: number;
  readonly canWait?: boolean;
  /** The product of a bundle that is refused. */
  readonly productID?: string;
  /** What the user holds. */
  readonly reservation?: string;
}

/** `no-store`, because a cached 410 or 404 would outlive its reason. */
const jsonHeaders = { "content-type": "application/json", "cache-control": "private, no-store" } as const;

/** Builds a refusal with details. */
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

/** A refusal that is encoded once, for the hot path: cloning costs half as much as building a response. */
export function encodedRefusal(code: FailureCode, details: RefusalDetails = {}): () => Response {
  const template = refuse(code, details);
  // In Bun's types, clone() returns a different `Response` type.
  return () => template.clone() as unknown as Response;
}

export interface AnswerExtras {
  readonly headers?: Readonly<Record<string, string>>;
  /** Each is a Set-Cookie header of its own. */
  readonly cookies?: readonly string[];
}

export function answer(value: unknown, status: number, { headers, cookies = [] }: AnswerExtras = {}): Response {
  const body = status === 204 ? null : JSON.stringify(value);
  const response = new Response(body, { status, headers: { ...jsonHeaders, ...headers } });
  for (const cookie of cookies) response.headers.append("set-cookie", cookie);
  return response;
}
