import { constants, type X509Certificate } from "node:crypto";
import { createSecureContext, DEFAULT_CIPHERS, type SecureContext, type SecureContextOptions } from "node:tls";
import { DirectiveError } from "../../settings/directive.ts";
import { tlsVersions } from "../../settings/directives/tls.ts";
import type { SettingValues } from "../../settings/settings.ts";
import { fileError, readCertificateFolder, readCertificates, readTlsFile, reasonOf } from "./read-pem.ts";

/** What a client's certificate is needed for. "asked": none is needed, but nodes of the ring show theirs. */
export type CertificatePolicy = "not asked" | "asked" | "optional" | "required";

/** All that new encrypted connections need, made of the directives and files at one time. */
export interface TlsContexts {
  /** For connections that others make. The options are for node:tls, the context for Bun's sockets. */
  readonly serverOptions: SecureContextOptions;
  readonly server: SecureContext;
  /** For connections that this server makes. */
  readonly client: SecureContext;
  readonly policy: CertificatePolicy;
  readonly certificates: TlsCertificates;
}

/** The certificates that can expire. */
export interface TlsCertificates {
  readonly server: X509Certificate;
  readonly client: X509Certificate;
  /** The authority that expires first. */
  readonly authority: X509Certificate | undefined;
}

interface Identity {
  readonly cert: string;
  readonly key: string;
  readonly passphrase?: string;
  readonly certificate: X509Certificate;
}

type IdentityFiles = readonly [
  cert: "tls-cert-file" | "tls-client-cert-file",
  key: "tls-key-file" | "tls-client-key-file",
  pass: "tls-key-file-pass" | "tls-client-key-file-pass",
];
const serverFiles: IdentityFiles = ["tls-cert-file", "tls-key-file", "tls-key-file-pass"];
const clientFiles: IdentityFiles = ["tls-client-cert-file", "tls-client-key-file", "tls-client-key-file-pass"];

/** Whether anything of this server is to be encrypted. */
export const usesTls = (values: SettingValues): boolean =>
  values["tls-port"] > 0 || values["tls-replication"] || values["tls-cluster"];

/** Reads all files, and throws DirectiveError with directive, file and reason when they cannot be used. */
export function readTlsContexts(values: SettingValues): TlsContexts {
  const own = readIdentity(values, serverFiles);
  const isSame = values["tls-client-cert-file"] === "" && values["tls-client-key-file"] === "";
  const asClient = isSame ? own : readIdentity(values, clientFiles);
  const authorities = readAuthorities(values);
  const common = { ...versionsAndCiphers(values), ca: authorities.map(String) };
  const serverOptions: SecureContextOptions = {
    ...common,
    ...identityOptions(own),
    honorCipherOrder: values["tls-prefer-server-ciphers"],
    sessionTimeout: values["tls-session-cache-timeout"],
    secureOptions: common.secureOptions | (values["tls-session-caching"] ? 0 : constants.SSL_OP_NO_TICKET),
  };
  return {
    serverOptions,
    server: makeContext(serverOptions),
    client: makeContext({ ...common, ...identityOptions(asClient) }),
    policy: policyOf(values),
    certificates: { server: own.certificate, client: asClient.certificate, authority: firstToExpire(authorities) },
  };
}

function readIdentity(values: SettingValues, [certName, keyName, passName]: IdentityFiles): Identity {
  for (const name of [certName, keyName]) {
    if (values[name] === "") throw new DirectiveError(`${name} is missing: encrypted connections need it`);
  }
  const [certPath, keyPath, passphrase] = [values[certName], values[keyName], values[passName]];
  const cert = readTlsFile(certName, certPath);
  const [certificate] = readCertificates(certName, certPath, cert);
  const key = readTlsFile(keyName, keyPath);
  const identity = {
    cert,
    key,
    ...(passphrase === "" ? {} : { passphrase }),
    certificate: certificate as X509Certificate,
  };
  try {
    createSecureContext(identityOptions(identity));
  } catch (error) {
    const isMismatch = (error as { code?: string }).code === "ERR_OSSL_X509_KEY_VALUES_MISMATCH";
    const reason = isMismatch ? `it is not the key of ${certName} '${certPath}'` : reasonOf(error);
    throw fileError(keyName, keyPath, reason);
  }
  return identity;
}

const identityOptions = ({ cert, key, passphrase }: Identity): SecureContextOptions => ({
  cert,
  key,
  ...(passphrase === undefined ? {} : { passphrase }),
});

function readAuthorities(values: SettingValues): X509Certificate[] {
  const { "tls-ca-cert-file": file, "tls-ca-cert-dir": folder } = values;
  const isNeeded = values["tls-auth-clients"] !== "no" || values["tls-replication"] || values["tls-cluster"];
  if (file === "" && folder === "" && isNeeded) {
    throw new DirectiveError(
      "tls-ca-cert-file or tls-ca-cert-dir is missing: tls-replication, tls-cluster and tls-auth-clients need one",
    );
  }
  return [
    ...(file === "" ? [] : readCertificates("tls-ca-cert-file", file, readTlsFile("tls-ca-cert-file", file))),
    ...(folder === "" ? [] : readCertificateFolder("tls-ca-cert-dir", folder)),
  ];
}

function firstToExpire(certificates: readonly X509Certificate[]): X509Certificate | undefined {
  return certificates.toSorted((a, b) => Date.parse(a.validTo) - Date.parse(b.validTo))[0];
}

function policyOf(values: SettingValues): CertificatePolicy {
  const given = values["tls-auth-clients"];
  if (given === "yes") return "required";
  if (given === "optional") return "optional";
  return values["tls-cluster"] ? "asked" : "not asked";
}

/** The options that switch off a version in the middle. */
const without = {
  TLSv1: constants.SSL_OP_NO_TLSv1,
  "TLSv1.1": constants.SSL_OP_NO_TLSv1_1,
  "TLSv1.2": constants.SSL_OP_NO_TLSv1_2,
  "TLSv1.3": constants.SSL_OP_NO_TLSv1_3,
} as const;

function versionsAndCiphers(values: SettingValues) {
  const given = values["tls-protocols"];
  const allowed = tlsVersions.filter((version) =>
    given.length === 0 ? version === "TLSv1.2" || version === "TLSv1.3" : given.includes(version),
  );
  const [minVersion, maxVersion] = [allowed[0] as (typeof tlsVersions)[number], allowed.at(-1) as "TLSv1.3"];
  const gaps = tlsVersions.filter((version) => !allowed.includes(version));
  return {
    minVersion,
    maxVersion,
    ciphers: readCiphers(values),
    secureOptions: gaps.reduce((options, version) => options | without[version], 0),
  };
}

/** One list for all versions: the suites of TLS 1.3 are told apart by their names. Throws DirectiveError. */
function readCiphers(values: SettingValues): string {
  const isOfNewest = (cipher: string): boolean => cipher.startsWith("TLS_");
  const standard = DEFAULT_CIPHERS.split(":");
  const { "tls-ciphersuites": suites, "tls-ciphers": older } = values;
  if (suites !== "" && typeof Bun !== "undefined") {
    throw new DirectiveError("tls-ciphersuites: Bun cannot choose the cipher suites of TLS 1.3, and offers all three");
  }
  const chosenSuites = suites === "" ? standard.filter(isOfNewest) : suites.split(":");
  const chosenOlder = older === "" ? standard.filter((cipher) => !isOfNewest(cipher)) : older.split(":");
  const check = (directive: string, value: string): void => {
    if (value === "") return;
    try {
      createSecureContext({ ciphers: value });
    } catch (error) {
      throw new DirectiveError(`${directive} '${value}': ${reasonOf(error)}`);
    }
  };
  check("tls-ciphersuites", suites);
  check("tls-ciphers", older);
  return [...chosenSuites, ...chosenOlder].join(":");
}

function makeContext(options: SecureContextOptions): SecureContext {
  try {
    return createSecureContext(options);
  } catch (error) {
    throw new DirectiveError(`the tls directives cannot be used together: ${reasonOf(error)}`);
  }
}
