type JsonBody =
  | { readonly value: unknown }
  | {
      readonly failure: "unsupported_media_type" | "body_too_large" | "body_too_slow" | "malformed_json";
      readonly message?: string;
    };

export interface BodyLimits {
  readonly maxBytes: number;
  /**
   * Time limit for the whole body, in milliseconds: a client that sends a byte now and then must not hold its place for
   * ever.
   */
  readonly timeoutMs: number;
}

/** Reads the body of a request as JSON. At most `maxBytes` are taken into memory. */
export async function readJsonBody(request: Request, { maxBytes, timeoutMs }: BodyLimits): Promise<JsonBody> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  // This also stops forms of foreign pages, which cannot send this content type.
  if (type !== "application/json") return { failure: "unsupported_media_type" };
  const body = await readBody(request, { maxBytes, timeoutMs });
  if ("failure" in body) return body;
  try {
    return { value: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body.bytes)) };
  } catch (error) {
    return { failure: "malformed_json", message: `The body is not valid JSON: ${(error as Error).message}` };
  }
}

type Body =
  | { readonly bytes: Uint8Array }
  | { readonly failure: "body_too_large" | "body_too_slow"; readonly message: string };

/** Reads the body of a request as it came. At most `maxBytes` are taken into memory. */
export async function readBody(request: Request, { maxBytes, timeoutMs }: BodyLimits): Promise<Body> {
  const tooLarge = { failure: "body_too_large", message: `The body may have ${maxBytes} bytes at most.` } as const;
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) return tooLarge;
  const bytes = await readWithin(request, { maxBytes, timeoutMs });
  if (bytes === "too_large") return tooLarge;
  if (bytes === "too_slow") {
    return { failure: "body_too_slow", message: `The body must be here within ${timeoutMs} milliseconds.` };
  }
  return { bytes };
}

async function readWithin(
  request: Request,
  { maxBytes, timeoutMs }: BodyLimits,
): Promise<Uint8Array | "too_large" | "too_slow"> {
  if (request.body === null) return new Uint8Array();
  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    // Ends the pending read; the rest of the body is never read.
    void reader.cancel();
  }, timeoutMs);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (isLate) return "too_slow";
      if (done) return Buffer.concat(chunks);
      length += value.length;
      if (length > maxBytes) {
        void reader.cancel();
        return "too_large";
      }
      chunks.push(value);
    }
  } finally {
    clearTimeout(timer);
  }
}
