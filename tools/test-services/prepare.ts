import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { findProgram } from "./find-program.ts";
import { isProvided, requirements } from "./required-program.ts";

const installTimeoutMs = 600_000;

/**
 * Provides the servers that the tests need, before the tests run. As root on Debian it installs the missing ones, unless
 * TEST_INSTALL=no. Elsewhere each test says itself which server is missing.
 */
export function prepareServices(): void {
  const packages = missingPackages();
  if (packages.length === 0) return;
  const canInstall = process.getuid?.() === 0 && findProgram("apt-get") !== undefined;
  if (!canInstall || process.env["TEST_INSTALL"] === "no") {
    console.log(`not installed: ${packages.join(", ")}; the tests that need them are skipped`);
    return;
  }
  console.log(`installing ${packages.join(", ")}`);
  const script = fileURLToPath(new URL("install.sh", import.meta.url));
  const run = spawnSync("sh", [script, ...packages], { encoding: "utf8", timeout: installTimeoutMs });
  const stillMissing = missingPackages();
  // A package may report failure because its service cannot start here. Its program works all the same.
  if (stillMissing.length === 0) return;
  console.error(`${run.stdout ?? ""}${run.stderr ?? ""}`.slice(-8_000));
  console.error(`could not install ${stillMissing.join(", ")}${run.error ? `: ${run.error.message}` : ""}`);
}

/** Debian packages of the services that are neither installed nor given by URL. */
export function missingPackages(): string[] {
  return Object.values(requirements).flatMap((requirement) =>
    isProvided(requirement) ? [] : requirement.debianPackages,
  );
}

if (import.meta.main) prepareServices();
