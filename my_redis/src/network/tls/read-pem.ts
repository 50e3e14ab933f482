import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DirectiveError } from "../../settings/directive.ts";

const certificateBlock = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END (?:TRUSTED )?CERTIFICATE-----/g;

/** The text of the file that a directive names. Throws DirectiveError. */
export function readTlsFile(directive: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw fileError(directive, path, reasonOf(error));
  }
}

/** The certificates in a text, at least one. Throws DirectiveError, which names the directive and the file. */
export function readCertificates(directive: string, path: string, pem: string): X509Certificate[] {
  const blocks = pem.match(certificateBlock) ?? [];
  if (blocks.length === 0) throw fileError(directive, path, "it contains no certificate in PEM form");
  return blocks.map((block) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw fileError(directive, path, `a certificate in it cannot be read: ${reasonOf(error)}`);
    }
  });
}

/** The certificates of all files in a folder. Files without any are skipped. Throws DirectiveError. */
export function readCertificateFolder(directive: string, path: string): X509Certificate[] {
  let names: string[];
  try {
    names = readdirSync(path).sort();
  } catch (error) {
    throw fileError(directive, path, reasonOf(error));
  }
  const found = names.flatMap((name) => {
    const file = join(path, name);
    try {
      return readCertificates(directive, file, readFileSync(file, "utf8"));
    } catch {
      return [];
    }
  });
  if (found.length === 0) throw fileError(directive, path, "no file in it contains a certificate in PEM form");
  return found;
}

export const fileError = (directive: string, path: string, reason: string): DirectiveError =>
  new DirectiveError(`${directive} '${path}': ${reason}`);

/** The reason in an error of the system or of the TLS library, without the codes around it. */
export function reasonOf(error: unknown): string {
  const { code, message, reason } = error as {
    readonly code?: string;
    readonly message: string;
    readonly reason?: string;
  };
  if (code === "ENOENT") return "No such file or directory";
  if (code === "EACCES") return "Permission denied";
  if (code === "EISDIR") return "Is a directory";
  if (code === "ENOTDIR") return "Not a directory";
  // Behind the reason, Node's message names a file of OpenSSL.
  return (reason ?? message)
    .replace(/^error:[0-9A-Fa-f]+:/, "")
    .split(":")
    .filter((part) => part !== "")
    .at(-1)
    ?.toLowerCase()
    .replaceAll("_", " ")
    .trim() as string;
}
