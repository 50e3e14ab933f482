import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { readCertificateFolder, reasonOf } from "../network/tls/read-pem.ts";
import { DirectiveError } from "../settings/directive.ts";
import { UsageError } from "./usage-error.ts";

/** How the tool connects over TLS, as redis-cli's options say it. */
export interface TlsWords {
  readonly caCert?: string;
  readonly caCertFolder?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
  readonly isInsecure: boolean;
}

/** Reads the files. Without an authority those of the system count. Throws UsageError. */
export function readTls({ caCert, caCertFolder, cert, key, serverName, isInsecure }: TlsWords): ConnectionOptions {
  if ((cert === undefined) !== (key === undefined)) throw new UsageError("--cert and --key belong together");
  const authorities = [
    ...(caCert === undefined ? [] : [read("--cacert", caCert)]),
    ...(caCertFolder === undefined ? [] : readFolder(caCertFolder)),
  ];
  return {
    ...(authorities.length === 0 ? {} : { ca: authorities }),
    ...(cert === undefined || key === undefined ? {} : { cert: read("--cert", cert), key: read("--key", key) }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    rejectUnauthorized: !isInsecure,
    // As with redis-cli, and between the nodes, a certificate need not name the host.
    checkServerIdentity: () => undefined,
  };
}

function read(option: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`${option} '${path}': ${reasonOf(error)}`);
  }
}

function readFolder(path: string): string[] {
  try {
    return readCertificateFolder("--cacertdir", path).map((certificate) => certificate.toString());
  } catch (error) {
    if (error instanceof DirectiveError) throw new UsageError(error.message);
    throw error;
  }
}
