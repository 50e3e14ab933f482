/** Real servers and processes for tests and benchmarks. A server that is started here ends with the process that started it. */
export { freePort, freePorts } from "./free-port.ts";
export { freshMysqlDatabase, type DedicatedMysqlDatabase, type MysqlDatabase } from "./mysql-database.ts";
export { freshRabbitmqVhost, type DedicatedRabbitmqVhost, type RabbitmqVhost } from "./rabbitmq-vhost.ts";
export { findProgram } from "./find-program.ts";
export { processIsAlive } from "./process-state.ts";
export { startMariadb, type MariadbOptions } from "./mariadb.ts";
export { startNginx, type NginxOptions } from "./nginx.ts";
export { startRabbitmq, type Rabbitmq, type RabbitmqOptions } from "./rabbitmq.ts";
export { startRedisServer, type RedisServerOptions } from "./redis-server.ts";
export { requiredProgram, requireService, type RequiredService, type ServiceName } from "./required-program.ts";
export type { Service } from "./service.ts";
export { startProcess, type ProcessExit, type StartedProcess, type StartProcessOptions } from "./start-process.ts";
export { temporaryFolder } from "./temporary-folder.ts";
export { waitUntil, type WaitOptions } from "./wait-until.ts";
