/** The token of an `Authorization: Bearer` header. */
export function bearerToken(headers: Headers): string | undefined {
  const value = headers.get("authorization");
  return value === null ? undefined : bearerOf(value);
}

/** The token in the value of an Authorization header; undefined for another scheme. */
export function bearerOf(value: string): string | undefined {
  if (value.length < 8) return undefined;
  return value.slice(0, 7).toLowerCase() === "bearer " ? value.slice(7).trim() : undefined;
}

/** The value of one cookie; the first of several, as RFC 6265 orders them by how exact their path is. */
export function cookieValue(headers: Headers, name: string): string | undefined {
  for (const pair of headers.get("cookie")?.split(";") ?? []) {
    const equals = pair.indexOf("=");
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return undefined;
}

/**
 * One parameter of a URL's query without parsing the rest; null when it is there twice, for two readers of the same
 * address could then disagree about what it says.
 */
export function queryValue(url: string, name: string): string | null | undefined {
  const queryStart = url.indexOf("?");
  if (queryStart < 0) return undefined;
  let found: string | undefined;
  for (let start = queryStart + 1; start <= url.length;) {
    const next = url.indexOf("&", start);
    const end = next < 0 ? url.length : next;
    if (url.startsWith(name, start) && url.charCodeAt(start + name.length) === 0x3d) {
      if (found !== undefined) return null;
      found = url.slice(start + name.length + 1, end);
    }
    start = end + 1;
  }
  return found?.includes("%") || found?.includes("+") ? decoded(found) : found;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    // Not an encoding of anything: stays as it is, and matches no id.
    return text;
  }
}

/** Whether the client is a browser that wants a page. */
export function wantsPage(headers: Headers): boolean {
  return headers.get("accept")?.includes("text/html") ?? false;
}
