type JsonBody =
  | { readonly value: unknown }
  | { readonly failure: "unsupported_media_type" | "body_too_large" | "malformed_json"; readonly message?: string };

/** The body of a request as JSON, without taking more than `maxBytes` into memory. */
export async function readJsonBody(request: Request, maxBytes: number): Promise<JsonBody> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  // Also keeps foreign pages out: their forms cannot send this type.
  if (type !== "application/json") return { failure: "unsupported_media_type" };
  const tooLarge = { failure: "body_too_large", message: `The body may have ${maxBytes} bytes at most.` } as const;
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) return tooLarge;
  const bytes = await readAtMost(request, maxBytes);
  if (bytes === undefined) return tooLarge;
  try {
    return { value: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) };
  } catch (error) {
    return { failure: "malformed_json", message: `The body is not valid JSON: ${(error as Error).message}` };
  }
}

async function readAtMost(request: Request, maxBytes: number): Promise<Uint8Array | undefined> {
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop cancels the stream: the rest is never read.
  for await (const chunk of request.body) {
    length += chunk.length;
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
