import { waitUntil } from "../../../../tools/test-services/index.ts";
import { RespConnection } from "./resp-connection.ts";

/**
 * Connects a client that the server answers with BUSY. While the event loop does not run, only new clients are served.
 * `begin` is called before each try: on a slow machine MyRedis may have ended the script before the client came.
 */
export async function newBusyClient(port: number, begin: () => void = () => {}): Promise<RespConnection> {
  let served: RespConnection | undefined;
  const isServed = async (): Promise<boolean> => {
    begin();
    let connection: RespConnection | undefined;
    try {
      connection = await RespConnection.open(port, "a new client");
      const asked = connection.reply("GET", "k").catch(() => undefined);
      const answer = await Promise.race([asked, Bun.sleep(200)]);
      if (answer?.text?.startsWith("BUSY") === true) {
        served = connection;
        return true;
      }
    } catch {
      // The server's listener was closed before the client was accepted: it connects again.
    }
    connection?.close();
    return false;
  };
  await waitUntil(isServed, { what: "a new client to get BUSY", timeoutMs: 20_000 });
  return served as unknown as RespConnection;
}
