import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { findProgram, temporaryFolder } from "../../../tools/test-services/index.ts";

export const openssl = findProgram("openssl");

/** The files of a certificate and its key. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** Certificates of one authority, and some that are not good. */
export interface Certificates {
  readonly folder: string;
  readonly ca: CertificateFiles;
  readonly server: CertificateFiles;
  /** Another one of the same authority. */
  readonly renewed: CertificateFiles;
  readonly client: CertificateFiles;
  readonly expired: CertificateFiles;
  /** An authority that nobody trusts, and a certificate that it has signed. */
  readonly otherCa: CertificateFiles;
  readonly stranger: CertificateFiles;
  /** The key of `server`, encrypted with the password "secret". */
  readonly lockedKey: string;
}

let made: Certificates | undefined;

/** Made by openssl once for each process. */
export function certificates(): Certificates {
  return (made ??= make(temporaryFolder("certificates")));
}

function make(folder: string): Certificates {
  const run = (...words: string[]): void => {
    execFileSync(openssl as string, words, { stdio: "pipe" });
  };
  const filesOf = (name: string): CertificateFiles => ({
    cert: join(folder, `${name}.crt`),
    key: join(folder, `${name}.key`),
  });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const authority = (name: string): CertificateFiles => {
    const { cert, key } = filesOf(name);
    run("req", "-x509", ...newKey, "-keyout", key, "-out", cert, "-days", "30", "-subj", `/CN=${name}`);
    return { cert, key };
  };
  const signed = (name: string, by: CertificateFiles, days = 30): CertificateFiles => {
    const { cert, key } = filesOf(name);
    const request = join(folder, `${name}.csr`);
    run("req", ...newKey, "-keyout", key, "-out", request, "-subj", `/CN=${name}`);
    const signing = ["-CA", by.cert, "-CAkey", by.key, "-CAcreateserial", "-days", `${days}`];
    run("x509", "-req", "-in", request, ...signing, "-out", cert);
    return { cert, key };
  };
  const ca = authority("ca");
  const otherCa = authority("other-ca");
  const server = signed("server", ca);
  const lockedKey = join(folder, "locked.key");
  run("pkey", "-in", server.key, "-aes256", "-passout", "pass:secret", "-out", lockedKey);
  return {
    ...{ folder, ca, otherCa, server, lockedKey },
    renewed: signed("renewed", ca),
    client: signed("client", ca),
    expired: signed("expired", ca, -1),
    stranger: signed("stranger", otherCa),
  };
}

/** The directives for a server with these certificates. */
export function tlsDirectives(own: CertificateFiles = certificates().server, ca = certificates().ca) {
  return { "tls-cert-file": own.cert, "tls-key-file": own.key, "tls-ca-cert-file": ca.cert };
}
