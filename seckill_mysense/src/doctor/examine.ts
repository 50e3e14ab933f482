import { checkListeners } from "../roles/check-listeners.ts";
import { StartError } from "../roles/start-error.ts";
import { checkAdmin, checkPrograms, checkRing, checkSharedParts } from "../roles/system-parts.ts";
import type { Role } from "../roles/task.ts";
import { hasNoGate } from "../settings/load-settings.ts";
import { SettingsError } from "../settings/settings-error.ts";
import type { Settings } from "../settings/settings.ts";
import { checkFiles } from "./check-files.ts";
import { checkGate } from "./check-gate.ts";
import { checkMachine } from "./check-machine.ts";
import { checkMysql } from "./check-mysql.ts";
import { checkRabbitmq } from "./check-rabbitmq.ts";
import type { Clocks } from "./clocks.ts";
import { type Finding, Findings } from "./finding.ts";

export interface ExamineOptions {
  readonly configFile: string;
  readonly role: Role;
  /** @throws SettingsError */
  readonly settings: () => Settings;
  readonly clock: Clocks;
}

/** Looks at a configuration and at everything that it points to. Each part is looked at, also after a problem. */
export async function examine({ configFile, role, settings: load, clock }: ExamineOptions): Promise<Finding[]> {
  const findings = new Findings("configuration");
  const settings = loaded(load, findings, configFile);
  if (settings === undefined) return findings.all;
  checkRole(findings, role, settings);
  const { mysql, rabbitmq } = settings;
  const servers = await Promise.all([
    checkMachine(role, settings),
    mysql.host === "" ? [] : checkMysql(role, settings, clock),
    rabbitmq.url === "" ? [] : checkRabbitmq(settings),
    hasNoGate(settings) ? [] : checkGate(settings, clock),
  ]);
  return [...findings.all, ...checkFiles(configFile, settings, clock.now()), ...servers.flat()];
}

function loaded(load: () => Settings, findings: Findings, configFile: string): Settings | undefined {
  try {
    const settings = load();
    findings.ok(`${configFile} is valid`);
    return settings;
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    for (const problem of error.problems) {
      findings.problem(problem, {
        why: "nothing starts with a wrong configuration, and what it points to was not looked at",
        remedy: "correct it: docs/sale.md names every key with its default",
      });
    }
    return undefined;
  }
}

function checkRole(findings: Findings, role: Role, settings: Settings): void {
  const checks = [checkListeners, checkRing, checkAdmin, checkPrograms, ...(role === "all" ? [] : [checkSharedParts])];
  for (const check of checks) {
    try {
      check(role, settings);
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      findings.problem(error.message, {
        why: `the role ${role} would not start`,
        remedy: "set what the message names",
      });
    }
  }
}
