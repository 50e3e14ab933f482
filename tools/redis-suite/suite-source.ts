import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram, temporaryFolder } from "../test-services/index.ts";
import { runBounded } from "./run-bounded.ts";
import { translateLogs } from "./log-words.ts";
import { writeServerStarter } from "./server-starter.ts";
import { overTls, type UnitRun } from "./units.ts";

const fetchTimeoutMs = 180_000;
/** The version whose answers are compared elsewhere, too. */
const wantedVersion = "7.0";

/** Where the suite of a source tree of Redis is looked for: in this folder, or in a folder "redis-..." within it. */
export function findSuite(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  const inner = readdirSync(folder).filter((name) => name.startsWith("redis-"));
  return [folder, ...inner.map((name) => join(folder, name))].find((each) =>
    existsSync(join(each, "tests", "test_helper.tcl")),
  );
}

/**
 * Fetches Debian's source package of Redis into a temporary folder, from the archive that this machine's apt knows.
 * Nothing of the machine's own apt is changed. Rejects, with what apt says, when the archive cannot be reached.
 */
export async function fetchSuite(): Promise<string> {
  const folder = temporaryFolder("redis-source");
  const lists = join(folder, "lists");
  mkdirSync(join(lists, "partial"), { recursive: true });
  const sources = join(folder, "sources.list");
  const policy = await runBounded({ cmd: ["apt-cache", "policy"], timeoutMs: fetchTimeoutMs });
  writeFileSync(sources, sourceLines(policy.output));
  const options = [`Dir::Etc::sourcelist=${sources}`, "Dir::Etc::sourceparts=-", `Dir::State::lists=${lists}`];
  // The folder belongs to the user of this process, and apt's own user is another one.
  const apt = [
    "apt-get",
    "-q",
    ...[...options, "APT::Sandbox::User=root"].flatMap((option) => ["-o", option]),
  ] as const;
  for (const words of [["update"], ["source", "redis"]]) {
    const { output, exitCode } = await runBounded({ cmd: [...apt, ...words], cwd: folder, timeoutMs: fetchTimeoutMs });
    if (exitCode !== 0) throw new Error(`apt-get ${words.join(" ")} failed:\n${output.slice(-2_000)}`);
  }
  const found = findSuite(folder);
  if (found === undefined) throw new Error(`Debian's source package of redis has no test suite (in ${folder})`);
  return found;
}

/** A "deb-src" line for each archive and release that apt has packages of. */
function sourceLines(policy: string): string {
  const archives = [...policy.matchAll(/^ *\d+ (https?:\S+) (\S+)\/main \S+ Packages$/gm)];
  const lines = archives.map(([, host, release]) => `deb-src ${host} ${release} main`);
  if (lines.length === 0) throw new Error("apt knows no archive to fetch redis's source from; give a folder: --source");
  return `${[...new Set(lines)].join("\n")}\n`;
}

/**
 * A copy of the suite to run in, as it writes into its own folder, with the installed redis-cli and redis-benchmark
 * where it expects those of its source tree.
 */
export function suiteCopy(source: string, { edits = [], servers, suiteArguments = [] }: UnitRun): string {
  const folder = temporaryFolder("redis-suite");
  for (const name of ["tests", "runtest", "runtest-sentinel"])
    cpSync(join(source, name), join(folder, name), { recursive: true });
  mkdirSync(join(folder, "src"));
  mkdirSync(join(folder, "tests", "tmp"), { recursive: true });
  for (const name of ["redis-cli", "redis-benchmark"]) {
    const program = findProgram(name);
    if (program !== undefined) symlinkSync(program, join(folder, "src", name));
  }
  const redis = findProgram("redis-server");
  // By this name it is Sentinel.
  if (redis !== undefined) symlinkSync(redis, join(folder, "src", "redis-sentinel"));
  if (servers !== undefined) {
    writeServerStarter(join(folder, "src"), servers);
    translateLogs(folder);
  }
  if (suiteArguments.includes(overTls)) makeCertificates(source, folder);
  for (const edit of edits) applyEdit(join(folder, edit.file), edit);
  return folder;
}

/** Whether Tcl has the package by which the suite encrypts connections. */
export const tclHasTls = (): boolean =>
  spawnSync("tclsh", { input: "exit [catch {package require tls}]" }).status === 0;

/** The suite's own program makes all but the parameters, for which it would need a minute. */
function makeCertificates(source: string, folder: string): void {
  const run = (program: string, ...words: string[]): void => {
    execFileSync(program, words, { cwd: folder, stdio: "pipe" });
  };
  mkdirSync(join(folder, "tests", "tls"));
  const parameters = ["-algorithm", "DH", "-pkeyopt", "group:ffdhe2048", "-out", join("tests", "tls", "redis.dh")];
  run("openssl", "genpkey", "-genparam", ...parameters);
  run("bash", join(source, "utils", "gen-test-certs.sh"));
}

function applyEdit(path: string, { from, to }: NonNullable<UnitRun["edits"]>[number]): void {
  const text = readFileSync(path, "utf8");
  if (!text.includes(from)) throw new Error(`${path} has no ${JSON.stringify(from)} to change`);
  writeFileSync(path, text.replaceAll(from, to));
}

/** Throws when the suite is not of the version that the list of expected failures is about. */
export async function checkVersion(source: string): Promise<void> {
  const text = await Bun.file(join(source, "src", "version.h")).text();
  const version = /REDIS_VERSION "([^"]+)"/.exec(text)?.[1] ?? "unknown";
  if (version.startsWith(`${wantedVersion}.`)) return;
  throw new Error(
    `the source in ${source} is of Redis ${version}; the expected failures are those of ${wantedVersion}`,
  );
}
