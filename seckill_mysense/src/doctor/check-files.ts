import { X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import type { Settings } from "../settings/settings.ts";
import { type Finding, Findings } from "./finding.ts";

const dayMs = 86_400_000;
const soonDays = 30;
const othersMayRead = 0o004;

/** Looks at the files that config.json names, and at who may read config.json itself. */
export function checkFiles(configFile: string, settings: Settings, nowMs: number): Finding[] {
  const findings = new Findings("keys and certificates");
  const { mysql, backend, quantity } = settings;
  if (mysql.tls && mysql.tls_ca_file !== "") checkAuthorities(findings, mysql.tls_ca_file, nowMs);
  const hasSecrets = backend.api_secret !== "" || mysql.pass_word !== "";
  if (hasSecrets) checkSecrecy(findings, configFile, "it holds secrets");
  for (const { name, key_file, previous_key_file } of quantity.programs) {
    for (const file of [key_file, previous_key_file]) {
      if (file !== "") checkSecrecy(findings, file, `it is the key of the program ${name}`);
    }
  }
  if (backend.previous_api_secret !== "") {
    findings.warning("backend.previous_api_secret is still accepted", {
      why: "a secret that was changed because others may know it still opens sessions",
      remedy: "once backend.session_seconds have passed since the change: seckill keys retire",
    });
  }
  return findings.all;
}

function checkSecrecy(findings: Findings, file: string, what: string): void {
  try {
    if ((statSync(file).mode & othersMayRead) === 0)
      return findings.ok(`${file} is readable by its owner and group alone`);
    findings.warning(`every user of this machine may read ${file}`, { why: what, remedy: `chmod o-rwx ${file}` });
  } catch (error) {
    findings.problem(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`, {
      why: what,
      remedy: "correct its name in config.json, or let this user read it",
    });
  }
}

function checkAuthorities(findings: Findings, file: string, nowMs: number): void {
  const advice = {
    why: "without a valid authority no connection to MySQL is trusted",
    remedy: "put the present certificate of the authority into the file of mysql.tls_ca_file",
  };
  try {
    const blocks = readFileSync(file, "utf8").match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    if (blocks.length === 0) return findings.problem(`mysql.tls_ca_file ${file} holds no certificate`, advice);
    for (const block of blocks) {
      const { subject, validTo } = new X509Certificate(block);
      const days = Math.floor((Date.parse(validTo) - nowMs) / dayMs);
      const name = `mysql.tls_ca_file: ${subject.replaceAll("\n", ", ")}`;
      if (days < 0) findings.problem(`${name} has expired on ${validTo}`, advice);
      else if (days < soonDays) findings.warning(`${name} expires in ${days} days, on ${validTo}`, advice);
      else findings.ok(`${name} is valid for ${days} days`);
    }
  } catch (error) {
    findings.problem(`mysql.tls_ca_file ${file} cannot be read: ${(error as Error).message}`, advice);
  }
}
