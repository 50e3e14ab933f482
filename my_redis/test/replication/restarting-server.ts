import { freePort, temporaryFolder } from "../../../tools/test-services/index.ts";
import { startMyRedis, startRedis, type TestServer } from "./replication-servers.ts";

/** "orderly": with a snapshot. "lost": without one, as after a crash; an older snapshot may be there. */
export type HowToEnd = "orderly" | "lost";

/** With save points, an orderly end writes a snapshot. This one is never reached. */
const savesAtEnd = { save: "3600 100000000" };

/** A server that can be started again on the same port and files. */
export class RestartingServer {
  server: TestServer;
  readonly dir: string;
  readonly #start: () => Promise<TestServer>;
  readonly #end: (how: HowToEnd) => Promise<void>;
  /** What it has said in all its lives so far, except for the present one. */
  #earlier = "";

  private constructor(
    server: TestServer,
    dir: string,
    start: () => Promise<TestServer>,
    end: (how: HowToEnd) => Promise<void>,
  ) {
    this.server = server;
    this.dir = dir;
    this.#start = start;
    this.#end = end;
  }

  static async start(
    kind: TestServer["name"],
    given: Readonly<Record<string, string>> = {},
  ): Promise<RestartingServer> {
    const directives = { ...savesAtEnd, ...given };
    if (kind === "MyRedis") {
      const dir = temporaryFolder("restarting");
      const fixed = { ...directives, port: String(await freePort()), dir };
      const start = (): ReturnType<typeof startMyRedis> => startMyRedis(fixed);
      let server = await start();
      const again = async (): Promise<TestServer> => (server = await start());
      const end = async (how: HowToEnd): Promise<void> => {
        if (how === "lost") return server.inner.end("never");
        // As a signal does.
        server.inner.server.process.shutdown.request({ save: "by-settings", force: false, now: false });
        await server.inner.closed;
      };
      return new RestartingServer(server, dir, again, end);
    }
    const server = await startRedis(directives);
    const again = async (): Promise<TestServer> => {
      await server.service.restart();
      return server;
    };
    const end = async (how: HowToEnd): Promise<void> => {
      if (how === "lost") await server.service.kill("SIGKILL");
    };
    return new RestartingServer(server, server.service.dataDir, again, end);
  }

  get log(): string {
    return `${this.#earlier}${this.server.log()}`;
  }

  async restart(how: HowToEnd = "orderly", meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    this.#earlier = this.log;
    await this.#end(how);
    await meanwhile();
    this.server = await this.#start();
  }

  async close(): Promise<void> {
    await this.server.close();
  }
}

/** Synchronisations that a replica of either kind has had. */
export const syncsOf = ({ log }: RestartingServer): { full: number; partial: number } => ({
  full: log.match(/the primary sends all data|Full resync from master/g)?.length ?? 0,
  partial: log.match(/the primary goes on at offset|Successful partial resynchronization/g)?.length ?? 0,
});
