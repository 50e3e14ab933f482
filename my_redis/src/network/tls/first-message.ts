/** The first byte of what a client sends in TLS. The last two bytes of the header are the length of what follows it. */
const handshakeRecord = 22;
const headerBytes = 5;
/** So many bytes of a client are looked at; a usual first message has a few hundred. */
export const mostLookedAt = 16 * 1024;

/** Whether a client's first bytes are a whole record of TLS, or can be none: then something comes of a handshake. */
export function isFirstMessage(bytes: Uint8Array, count: number): boolean {
  if (count === 0) return false;
  if (bytes[0] !== handshakeRecord || count >= mostLookedAt) return true;
  const [, , , high = 0, low = 0] = bytes;
  return count >= headerBytes && count >= headerBytes + high * 256 + low;
}
