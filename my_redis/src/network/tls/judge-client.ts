import type { Encrypted } from "../../dispatch/client-channel.ts";
import type { CertificatePolicy } from "./tls-contexts.ts";

/** What the runtime is to ask of a client. It ends the handshake itself where the client needs a certificate. */
export const certificateDemands = (policy: CertificatePolicy) => ({
  requestCert: policy !== "not asked",
  rejectUnauthorized: policy === "required",
});

/** What a client is after its handshake; undefined for one that is refused. */
export function judgeClient(
  policy: CertificatePolicy,
  { hasShown, isValid }: { readonly hasShown: boolean; readonly isValid: boolean },
): Exclude<Encrypted, "no"> | undefined {
  if (policy !== "not asked" && hasShown && isValid) return "certified";
  if (policy === "required" || (policy === "optional" && hasShown)) return undefined;
  return "anonymous";
}
