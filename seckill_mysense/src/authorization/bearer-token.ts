/** The token of an `Authorization: Bearer` header. */
export function bearerToken(headers: Headers): string | undefined {
  const value = headers.get("authorization");
  return value === null ? undefined : bearerOf(value);
}

/** The token in the value of an Authorization header; undefined for another scheme. */
export function bearerOf(value: string): string | undefined {
  if (value.length < 8) return undefined;
  // The usual spelling needs no copy in small letters.
  if (value.startsWith("Bearer ")) return value.slice(7).trim();
  return value.slice(0, 7).toLowerCase() === "bearer " ? value.slice(7).trim() : undefined;
}
