import { existsSync } from "node:fs";
import { findProgram } from "./find-program.ts";

export type ServiceName =
  | "redis"
  | "mariadb"
  | "rabbitmq"
  | "chromium"
  | "nginx"
  | "strace"
  | "prometheus"
  | "alertmanager"
  | "haproxy"
  | "redisExporter";

interface Requirement {
  /** Program names, any of which will do. */
  programs: readonly string[];
  /** Files that must be there besides. */
  files?: readonly string[];
  debianPackages: readonly string[];
  /** Names a server that already runs, in place of starting one. */
  urlVariable?: string;
}

export const requirements: Readonly<Record<ServiceName, Requirement>> = {
  redis: { programs: ["redis-server"], debianPackages: ["redis-server"], urlVariable: "TEST_REDIS_URL" },
  mariadb: { programs: ["mariadbd", "mysqld"], debianPackages: ["mariadb-server"], urlVariable: "TEST_MYSQL_URL" },
  rabbitmq: {
    // The one on PATH may be Debian's wrapper, which changes to the system's own rabbitmq user and its folders.
    programs: ["/usr/lib/rabbitmq/bin/rabbitmq-server", "rabbitmq-server"],
    debianPackages: ["rabbitmq-server"],
    urlVariable: "TEST_RABBITMQ_URL",
  },
  nginx: {
    programs: ["nginx"],
    files: ["/usr/lib/nginx/modules/ngx_http_js_module.so"],
    debianPackages: ["nginx", "libnginx-mod-http-js"],
  },
  prometheus: {
    programs: ["prometheus"],
    files: ["/usr/bin/promtool"],
    debianPackages: ["prometheus"],
  },
  alertmanager: { programs: ["amtool"], debianPackages: ["prometheus-alertmanager"] },
  haproxy: { programs: ["haproxy", "/usr/sbin/haproxy"], debianPackages: ["haproxy"] },
  redisExporter: { programs: ["prometheus-redis-exporter"], debianPackages: ["prometheus-redis-exporter"] },
  strace: { programs: ["strace"], debianPackages: ["strace"] },
  chromium: { programs: ["chromium", "chromium-browser", "google-chrome"], debianPackages: ["chromium"] },
};

/** The program that provides a service. Throws, with what to do, when the machine has none. */
export function requiredProgram(name: ServiceName): string {
  const program = findProgram(...requirements[name].programs);
  if (program === undefined) throw new Error(missingReason(name));
  return program;
}

export interface RequiredService {
  /** For `describe.skipIf(...)`. */
  readonly missing: boolean;
  /** Why the tests are skipped; empty when they are not. For the name of the group of tests. */
  readonly reason: string;
}

/**
 * Whether tests that need this service can run here. With CI=true a missing service is an error, so that a run that
 * tested less than it should never passes.
 */
export function requireService(name: ServiceName): RequiredService {
  if (isProvided(requirements[name])) return { missing: false, reason: "" };
  if (process.env["CI"] === "true") throw new Error(missingReason(name));
  return { missing: true, reason: ` (skipped: ${missingReason(name)})` };
}

/** Whether a service is installed here, or given by URL. */
export function isProvided({ programs, files = [], urlVariable }: Requirement): boolean {
  if (urlVariable !== undefined && Boolean(process.env[urlVariable])) return true;
  return findProgram(...programs) !== undefined && files.every((file) => existsSync(file));
}

function missingReason(name: ServiceName): string {
  const { programs, debianPackages, urlVariable } = requirements[name];
  const byUrl = urlVariable === undefined ? "" : `, or set ${urlVariable}`;
  return `no ${programs.at(-1)} on PATH; install Debian's ${debianPackages.join(" and ")}${byUrl}`;
}
