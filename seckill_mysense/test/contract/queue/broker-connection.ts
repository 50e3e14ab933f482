import { Connection } from "rabbitmq-client";

/** A connection to the broker as another program may have it. */
export async function withConnection<T>(url: string, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = new Connection(url);
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}
