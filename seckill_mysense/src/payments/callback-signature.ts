import { createHmac, timingSafeEqual } from "node:crypto";

/**
 * `t=<Unix seconds>,v1=<hex>`: an HMAC-SHA256 over the time, a dot, and the raw body. Stripe signs its webhooks in the
 * same form. Several `v1` are allowed, so that a secret can be changed without a break.
 */
export const signatureHeader = "seckill-signature";

const maxHeaderLength = 1_024;

export function signCallback(body: string | Uint8Array, { secret, nowMs }: { secret: string; nowMs: number }): string {
  const seconds = Math.floor(nowMs / 1_000);
  return `t=${seconds},v1=${mac(secret, seconds, body)}`;
}

export interface SignedCallback {
  readonly header: string | null;
  readonly body: Uint8Array;
  readonly secret: string;
  readonly nowMs: number;
  /** How far the time of the signature may be from now, in both directions. */
  readonly toleranceMs: number;
}

/** The signature is checked first: only the provider may learn that its time is wrong. */
export function checkCallback({
  header,
  body,
  secret,
  nowMs,
  toleranceMs,
}: SignedCallback): "genuine" | "forged" | "too_old" {
  if (header === null || header.length > maxHeaderLength) return "forged";
  const parts = header.split(",").map((part) => part.trim());
  const seconds = Number(parts.find((part) => /^t=\d{1,12}$/.test(part))?.slice(2) ?? Number.NaN);
  if (!Number.isSafeInteger(seconds)) return "forged";
  const expected = Buffer.from(mac(secret, seconds, body));
  const isSigned = parts
    .filter((part) => part.startsWith("v1="))
    .map((part) => Buffer.from(part.slice(3)))
    .some((given) => given.length === expected.length && timingSafeEqual(given, expected));
  if (!isSigned) return "forged";
  return Math.abs(nowMs - seconds * 1_000) <= toleranceMs ? "genuine" : "too_old";
}

function mac(secret: string, seconds: number, body: string | Uint8Array): string {
  return createHmac("sha256", secret).update(`${seconds}.`).update(body).digest("hex");
}
