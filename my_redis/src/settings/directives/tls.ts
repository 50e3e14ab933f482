import { DirectiveError } from "../directive.ts";
import { choice, integer, list, text, yesNo } from "../value-kinds.ts";

/** The versions that tls-protocols may name, from the oldest to the newest. */
export const tlsVersions = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"] as const;

/** The words of tls-protocols, as they are written in `tlsVersions`; none for the default. */
function readProtocols(words: readonly string[]): readonly string[] {
  return words
    .filter((word) => word !== "")
    .map((word) => {
      const version = tlsVersions.find((known) => known.toLowerCase() === word.toLowerCase());
      if (version === undefined) throw new DirectiveError(`'${word}' is none of ${tlsVersions.join(", ")}`);
      return version;
    });
}

/** Encrypted connections. */
export const tlsDirectives = {
  "tls-port": integer({
    default: 0,
    max: 65535,
    summary: "Port for encrypted connections; 0 for none. With port 0 there is no other port.",
    change: "start",
  }),
  "tls-replication": yesNo({ default: false, summary: "The primary is reached over TLS." }),
  "tls-cluster": yesNo({
    default: false,
    summary: "Nodes reach each other over TLS, at the addresses in self and peers, and must show certificates.",
    change: "start",
  }),
  "tls-auth-clients": choice(["no", "yes", "optional"], {
    default: "yes",
    summary: "Whether encrypted clients must show a certificate; optional: one that is shown must be valid.",
  }),
  "tls-cert-file": file("Certificate of this server (PEM), followed by those between it and the authority."),
  "tls-key-file": file("Its private key (PEM)."),
  "tls-key-file-pass": file("Password of that key."),
  "tls-client-cert-file": file("Certificate for connections that this server makes; without it, tls-cert-file."),
  "tls-client-key-file": file("Its private key."),
  "tls-client-key-file-pass": file("Password of that key."),
  "tls-ca-cert-file": file("Authorities that sign the certificates of clients, primaries and nodes (PEM)."),
  "tls-ca-cert-dir": file("Folder of files with such authorities."),
  "tls-protocols": list({
    default: [],
    summary: "Versions of TLS that are possible; without it, TLSv1.2 and TLSv1.3.",
    expects: tlsVersions.join(", "),
    read: readProtocols,
  }),
  "tls-ciphers": text({ default: "", summary: "Ciphers of TLS 1.2 and before, as OpenSSL writes them." }),
  "tls-ciphersuites": text({ default: "", summary: "Cipher suites of TLS 1.3. Bun cannot choose them." }),
  "tls-prefer-server-ciphers": yesNo({ default: false, summary: "The server's order of ciphers counts." }),
  "tls-session-caching": yesNo({ default: true, summary: "Clients may resume their sessions." }),
  "tls-session-cache-size": integer({
    default: 20480,
    summary: "Sessions that are remembered.",
    unused: "clients keep their sessions themselves, as tickets",
  }),
  "tls-session-cache-timeout": integer({
    default: 300,
    summary: "Seconds for which a session can be resumed.",
  }),
  "tls-dh-params-file": text({
    default: "",
    summary: "Parameters for an exchange of keys that is not on elliptic curves.",
    unused: "keys are exchanged on elliptic curves alone",
  }),
};

function file(summary: string) {
  return text({ default: "", summary });
}
