// Finds the gateway that owns a user on the same ring as the gateways' own (package hash-ring), so that no request needs a
// hop. Where nginx is wrong (a gateway has just joined or left), the gateways correct it among themselves: this saves a
// hop, and decides nothing. Written in the subset of JavaScript that njs 0.7 runs, and with nothing at the top level but
// functions: njs runs that again for each request. The ring itself is loaded once (js_preload_object in nginx.conf).

/** The upstream of the user's gateway, for js_set. */
function owner(request) {
  return ring.upstreams[ring.owners[firstPoint(keyOf(request))]];
}

/** The upstream of the gateway that takes over when the owner is down, for js_set. */
function successor(request) {
  // write-ring.ts keeps one point of several in a row that are the same gateway's: the next one is another's.
  const first = firstPoint(keyOf(request));
  const next = first + 1 === ring.owners.length ? 0 : first + 1;
  if (ring.owners[next] !== ring.owners[first]) return ring.upstreams[ring.owners[next]];
  return ring.upstreams[ring.owners[next + 1 === ring.owners.length ? 0 : next + 1]];
}

/** The user of the token or of the session; the client's address for a request with neither. It verifies nothing: the gateways do. */
function keyOf(request) {
  const cookies = request.headersIn["Cookie"] || "";
  const bearer = /^bearer +(\S+)/i.exec(request.headersIn["Authorization"] || "");
  const token = bearer ? bearer[1] : request.args.token || cookieOf(cookies, "seckill_token");
  return signedField(token, 2) || signedField(cookieOf(cookies, "seckill_session"), 0) || request.remoteAddress;
}

function cookieOf(cookies, name) {
  const pair = cookies.split(";").find((each) => each.trim().startsWith(`${name}=`));
  return pair === undefined ? undefined : pair.slice(pair.indexOf("=") + 1).trim();
}

/** One field of a signed text: v1.<key id>.<payload>.<mac>, whose payload is a JSON array in base64url. */
function signedField(text, index) {
  if (typeof text !== "string" || text.length > 1280) return undefined;
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  try {
    const field = JSON.parse(Buffer.from(parts[2], "base64url").toString())[index];
    return typeof field === "string" ? field : undefined;
    // njs 0.7 knows no catch without a name.
    // oxlint-disable-next-line no-unused-vars
  } catch (error) {
    return undefined;
  }
}

/** The first point at or after the key; after the last one the ring begins again. */
function firstPoint(key) {
  const position = murmur3(key);
  let low = 0;
  let high = ring.positions.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ring.positions[middle] < position) low = middle + 1;
    else high = middle;
  }
  return low === ring.positions.length ? 0 : low;
}

/** MurmurHash3, x86, 32 bits, seed 0, of the UTF-8 bytes, as hash-ring places keys. */
function murmur3(text) {
  const bytes = Buffer.from(text, "utf8");
  const wholeWords = bytes.length & ~3;
  let hash = 0;
  for (let at = 0; at < wholeWords; at += 4) {
    hash ^= scramble(bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24));
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let at = bytes.length - 1; at >= wholeWords; at--) tail = (tail << 8) | bytes[at];
  if (bytes.length > wholeWords) hash ^= scramble(tail);
  hash ^= bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scramble(word) {
  const mixed = Math.imul(word, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}

export default { owner, successor };
