import {
  freshMysqlDatabase,
  freshRabbitmqVhost,
  type MysqlDatabase,
  requireService,
  startRedisServer,
} from "../../../tools/test-services/index.ts";

const services = (["redis", "mariadb", "rabbitmq"] as const).map(requireService);

/** Whether one of the real servers is missing on this machine, and which. */
export const programServices = {
  missing: services.some(({ missing }) => missing),
  reason: services.map(({ reason }) => reason).join(""),
};

export interface ProgramServices {
  readonly mysql: MysqlDatabase;
  /** The parts of config.json that name the servers. */
  readonly config: Readonly<Record<"mysql" | "rabbitmq" | "redis", object>>;
  stop(): Promise<void>;
}

/** Real servers for programs in separate processes: a new redis-server, a new database and a new virtual host. */
export async function startProgramServices(): Promise<ProgramServices> {
  const [redis, mysql, rabbitmq] = await Promise.all([startRedisServer(), freshMysqlDatabase(), freshRabbitmqVhost()]);
  const { host, port, user, password, database } = mysql;
  return {
    mysql,
    config: {
      mysql: { host, port, user_name: user, pass_word: password, db_name: database },
      rabbitmq: { url: rabbitmq.url, queue_name: `seckill.${database}` },
      redis: { url: redis.url },
    },
    async stop() {
      await Promise.all([redis.stop(), mysql.drop(), rabbitmq.drop()]);
    },
  };
}
