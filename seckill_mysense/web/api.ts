import type { z } from "zod";
import type { FailureBody } from "../src/contract/endpoint.ts";
import type { Endpoints } from "../src/contract/endpoints.ts";

type Ok<Key extends keyof Endpoints> = z.infer<Endpoints[Key]["ok"]>;

export type Answer<Key extends keyof Endpoints> =
  | { readonly status: number; readonly ok: Ok<Key>; readonly serverTimeMs?: number }
  | { readonly status: number; readonly refused: FailureBody };

export interface CallOptions {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** The sale token. */
  readonly bearer?: string;
  /** The buyer's session: a request of a session that has ended is not sent. */
  readonly session?: AbortSignal;
  /** Asks the server even where the browser may use what it has. */
  readonly fresh?: true;
}

/** The longest wait for an answer, in milliseconds. */
const timeoutMs = 15_000;

/**
 * Calls an endpoint of the contract. Only types are imported from the contract, so the page does not load its schemas.
 * A request without an answer is refused with `unreachable`.
 */
export async function call<Key extends keyof Endpoints>(key: Key, options: CallOptions = {}): Promise<Answer<Key>> {
  if (options.session?.aborted === true) {
    return { status: 0, refused: { error: "session_ended", message: "You have logged out." } };
  }
  const [method, template] = key.split(" ") as [string, string];
  const path = template.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(options.params?.[name] ?? ""));
  const query = new URLSearchParams(options.query).toString();
  try {
    const response = await fetch(query === "" ? path : `${path}?${query}`, {
      method,
      headers: headersOf(options),
      body: options.body === undefined ? null : JSON.stringify(options.body),
      cache: options.fresh === true ? "no-cache" : "default",
      signal: AbortSignal.timeout(timeoutMs),
    });
    const value: unknown = response.status === 204 ? null : await response.json();
    // A browser that had the answer already has got its headers anew, and the time with them.
    const time = response.headers.get("x-server-time-ms");
    const serverTimeMs = time === null ? {} : { serverTimeMs: Number(time) };
    if (response.ok) return { status: response.status, ok: value as Ok<Key>, ...serverTimeMs };
    return { status: response.status, refused: value as FailureBody };
  } catch {
    return { status: 0, refused: { error: "unreachable", message: "The server cannot be reached." } };
  }
}

function headersOf({ body, bearer }: CallOptions): Record<string, string> {
  return {
    accept: "application/json",
    ...(body !== undefined && { "content-type": "application/json" }),
    ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
  };
}
