/** The value of a cookie. Of several with the same name the first is used: RFC 6265 puts the longest path first. */
export function cookieValue(headers: Headers, name: string): string | undefined {
  for (const pair of headers.get("cookie")?.split(";") ?? []) {
    const equals = pair.indexOf("=");
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return undefined;
}

/**
 * Reads one parameter of a URL's query without parsing the rest. Null if it appears twice, because two programs could
 * then read different values from the same URL.
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
    // Invalid percent-encoding stays as it is, and matches no id.
    return text;
  }
}

/** Whether the client prefers HTML, as browsers do. */
export function wantsPage(headers: Headers): boolean {
  return headers.get("accept")?.includes("text/html") ?? false;
}

/** Browsers send the origin of a request. Other programs do not, but they carry no cookies of other users either. */
export function isCrossSite({ headers }: Request): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site !== "same-origin" && site !== "none";
  const origin = headers.get("origin");
  return origin !== null && URL.parse(origin)?.host !== headers.get("host");
}
