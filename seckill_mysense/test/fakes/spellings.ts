/** An address as careless readers may take it for the same: encoded, doubled, with dots, in other letters. */
export function spellingsOf(address: string): string[] {
  const encoded = address
    .split("")
    .map(
      (letter, index) => `/${address.slice(0, index)}%${letter.charCodeAt(0).toString(16)}${address.slice(index + 1)}`,
    );
  const all = `/${address
    .split("")
    .map((letter) => `%${letter.charCodeAt(0).toString(16)}`)
    .join("")}`;
  const around = [
    "/x/../",
    "/x/%2e%2e/",
    "/%2e/",
    "/.//",
    "///",
    "/x/..%2f",
    "/x\\..\\",
    "/\\",
    "\\",
    "/x/..;/",
    "/%2f",
  ];
  const after = ["/", "//", "/.", "/x/..", ";x", "%20", "%2f", "%3f", "%23", "#x", "?x", "\\", "%00", "%09", "."];
  return [
    ...encoded,
    all,
    ...around.map((prefix) => prefix + address),
    ...after.map((suffix) => `/${address}${suffix}`),
    `/${address.toUpperCase()}`,
    `/${address.slice(0, 3)}\t${address.slice(3)}`,
    `http://x/${address}`,
    `http://x//${address}`,
    `HTTP://x:80/./${address}`,
    `/${encodeURIComponent(all)}`,
  ];
}
