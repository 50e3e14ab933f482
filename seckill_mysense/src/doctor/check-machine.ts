import { accessSync, constants, existsSync, readFileSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { type Listener, listenersOf } from "../roles/check-listeners.ts";
import type { Role } from "../roles/task.ts";
import { isEmbedded } from "../settings/load-settings.ts";
import type { Settings } from "../settings/settings.ts";
import { type Finding, Findings } from "./finding.ts";

const mebibyte = 1_048_576;
const scarceDiskBytes = 1_024 * mebibyte;
const fullDiskBytes = 64 * mebibyte;
const healthTimeoutMs = 2_000;

/** Looks at the machine on which this role would run. */
export async function checkMachine(role: Role, settings: Settings): Promise<Finding[]> {
  const findings = new Findings("this machine");
  for (const listener of listenersOf(role, settings)) await checkPort(findings, listener);
  checkDisk(findings, settings);
  checkFileLimit(findings, role, settings);
  return findings.all;
}

async function checkPort(findings: Findings, { key, host, port }: Listener): Promise<void> {
  if (port === 0) return findings.ok(`${key} is 0: the operating system chooses a free port at each start`);
  const place = `${key} ${port} on ${host}`;
  try {
    Bun.listen({ hostname: host, port, exclusive: true, socket: { data() {} } }).stop(true);
    return findings.ok(`${place} is free`);
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE" && (await answersAsWeDo(host, port))) {
      return findings.warning(`${place} is in use by a server that answers as seckill does`, {
        why: "a second process cannot listen there",
        remedy: "nothing, if this is the system itself; otherwise stop that process, or set another port",
      });
    }
    findings.problem(`${place} cannot be listened at: ${describe(code)}`, {
      why: "the process would not start",
      remedy: `stop what uses the port (ss -ltnp 'sport = :${port}' shows it), or set another ${key}`,
    });
  }
}

const describe = (code: string): string =>
  ({
    EADDRINUSE: "another process uses it",
    EACCES: "this user may not use ports below 1024",
    EADDRNOTAVAIL: "this machine has no such address",
  })[code] ?? code;

async function answersAsWeDo(host: string, port: number): Promise<boolean> {
  const reached = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host.includes(":") ? `[${host}]` : host;
  try {
    const answer = await fetch(`http://${reached}:${port}/healthz`, { signal: AbortSignal.timeout(healthTimeoutMs) });
    return answer.status === 200 && (await answer.text()).startsWith('{"status":"ok"');
  } catch {
    return false;
  }
}

function checkDisk(findings: Findings, settings: Settings): void {
  const { data_dir: folder } = settings;
  if (!isEmbedded(settings) && !existsSync(folder)) return;
  const existing = firstExisting(folder);
  try {
    accessSync(existing, constants.W_OK | constants.X_OK);
  } catch {
    return findings.problem(`data_dir ${folder} cannot be written by this user`, {
      why: "the embedded parts keep their data there",
      remedy: `let this user write ${existing} (chown, chmod), or set another data_dir`,
    });
  }
  const { bavail, bsize } = statfsSync(existing);
  const freeBytes = bavail * bsize;
  const free = `${Math.floor(freeBytes / mebibyte)} MiB are free for data_dir ${folder}`;
  if (freeBytes >= scarceDiskBytes) return findings.ok(free);
  const advice = { why: "a full disk stops the sale", remedy: "make room, or set a data_dir on another disk" };
  if (freeBytes < fullDiskBytes) findings.problem(`only ${free}`, advice);
  else findings.warning(`only ${free}`, advice);
}

const firstExisting = (folder: string): string => (existsSync(folder) ? folder : firstExisting(dirname(folder)));

/** Connections to servers, files and what Bun keeps open. */
const filesBesides = 256;

function checkFileLimit(findings: Findings, role: Role, { limits }: Settings): void {
  if (role !== "all" && role !== "gateway") return;
  const allowed = openFileLimit();
  if (allowed === undefined) return;
  const needed = limits.requests_in_flight + limits.event_listeners + filesBesides;
  if (allowed >= needed)
    return findings.ok(`a process may open ${allowed} files, of which a full gateway needs ${needed}`);
  findings.warning(`a process may open ${allowed} files, but a gateway at its limits needs ${needed}`, {
    why: "each buyer's connection is one file: further buyers would be turned away before limits.requests_in_flight",
    remedy: `start it with LimitNOFILE=${needed} (systemd) or after ulimit -n ${needed}, or lower limits.requests_in_flight`,
  });
}

/** Undefined where the system does not say. */
function openFileLimit(): number | undefined {
  try {
    const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return soft === "unlimited" ? Number.MAX_SAFE_INTEGER : Number(soft);
  } catch {
    return undefined;
  }
}
