import { connect as connectPlain } from "node:net";
import { connect as connectTls } from "node:tls";
import { type Channel, Connection } from "rabbitmq-client";
import { brokerAddress, describeBrokerFailure } from "../queue/broker-failure.ts";
import { brokerQueueName, reservationQueue } from "../queue/rabbitmq-topology.ts";
import { defaultMaxMessages } from "../queue/rabbitmq-queue.ts";
import type { Settings } from "../settings/settings.ts";
import { type Finding, Findings } from "./finding.ts";

const timeoutMs = 5_000;
/** Quorum queues with a limit of deliveries are there from this version on. */
const oldest = [3, 8] as const;

/**
 * Looks at the broker. What it makes to try permissions is a queue of its own, which ends with its connection. The queue
 * of the sale is only declared again as it is.
 */
export async function checkRabbitmq({ rabbitmq }: Settings): Promise<Finding[]> {
  const findings = new Findings("RabbitMQ");
  const { url, queue_name: queueName } = rabbitmq;
  try {
    checkVersion(findings, await greetingOf(url));
  } catch (error) {
    findings.problem(`rabbitmq.url ${brokerAddress(url)} cannot be reached: ${(error as Error).message}`, {
      why: "reservations wait at the gate until the broker takes them",
      remedy: "start the broker, correct rabbitmq.url, or open the way to it in the firewall",
    });
    return findings.all;
  }
  const connection = new Connection({
    ...{ url, connectionName: "seckill doctor", acquireTimeout: timeoutMs, connectionTimeout: timeoutMs },
  });
  // Each failure is also that of a call below.
  connection.on("error", () => undefined);
  try {
    if (await checkPermissions(connection, findings, { url, queueName })) {
      await checkQueue(connection, findings, { url, queueName });
    }
  } finally {
    // A broker that is away must not delay the others' findings.
    connection.unsafeDestroy();
  }
  return findings.all;
}

interface BrokerPlace {
  readonly url: string;
  readonly queueName: string;
}

async function checkPermissions(connection: Connection, findings: Findings, place: BrokerPlace): Promise<boolean> {
  const { url, queueName } = place;
  const queue = `${queueName}.doctor.${crypto.randomUUID()}`;
  try {
    const channel = await lastFailureOf(connection, () => connection.acquire());
    channel.on("error", () => undefined);
    await channel.queueDeclare({ queue, exclusive: true, autoDelete: true, durable: false });
    await channel.confirmSelect();
    await channel.basicPublish({ routingKey: queue }, "a message of seckill doctor");
    await channel.basicGet({ queue, noAck: true });
    await channel.queueDelete({ queue });
    await channel.close();
    findings.ok("the user may configure, write and read queues of this name");
    return true;
  } catch (error) {
    findings.problem(describeBrokerFailure(error, url), {
      why: "relays could not publish reservations, or consumers not read them",
      remedy:
        "correct the user, the password and the virtual host in rabbitmq.url, and: " +
        `rabbitmqctl set_permissions -p VHOST USER '^${escaped(queueName)}' '^(amq\\.default|${escaped(queueName)}.*)$' '^${escaped(queueName)}'`,
    });
    return false;
  }
}

const escaped = (name: string): string => name.replaceAll(".", String.raw`\.`);

/** The client tries to log in again and again, and says only that it took too long: the reason is in its events. */
async function lastFailureOf<Result>(connection: Connection, work: () => Promise<Result>): Promise<Result> {
  const { promise: failed, reject } = Promise.withResolvers<never>();
  connection.once("error", reject);
  try {
    return await Promise.race([work(), failed]);
  } finally {
    connection.off("error", reject);
  }
}

async function checkQueue(connection: Connection, findings: Findings, { url, queueName }: BrokerPlace): Promise<void> {
  const queue = brokerQueueName(queueName);
  const declare = async (use: (channel: Channel) => Promise<unknown>): Promise<unknown> => {
    const channel = await connection.acquire();
    channel.on("error", () => undefined);
    try {
      return await use(channel);
    } finally {
      await channel.close().catch(() => undefined);
    }
  };
  try {
    await declare((channel) => channel.queueDeclare({ queue, passive: true }));
  } catch {
    return findings.ok(`there is no queue ${queue} yet; the first relay or consumer makes it`);
  }
  try {
    await declare((channel) => channel.queueDeclare(reservationQueue({ queueName, maxMessages: defaultMaxMessages })));
    findings.ok(`${queue} is a quorum queue with the limits of this version`);
  } catch (error) {
    findings.problem(`${queue}: ${describeBrokerFailure(error, url)}`, {
      why: "no relay and no consumer can use this queue",
      remedy: "stop what uses the queue, empty it, delete it, and start a relay; or name another rabbitmq.queue_name",
    });
  }
}

function checkVersion(findings: Findings, version: string | undefined): void {
  if (version === undefined) return findings.ok("the broker answers, and does not say its version");
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return findings.ok(`RabbitMQ ${version}`);
  findings.problem(`RabbitMQ ${version} is older than ${oldest.join(".")}`, {
    why: "the queue is a quorum queue",
    remedy: `use RabbitMQ ${oldest.join(".")} or later`,
  });
}

/** The broker's version, from the first frame of AMQP 0-9-1, which comes before any login. */
function greetingOf(url: string): Promise<string | undefined> {
  const { hostname, port, protocol } = new URL(url);
  const isTls = protocol === "amqps:";
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const place = { host, port: Number(port || (isTls ? 5_671 : 5_672)) };
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const socket = isTls ? connectTls({ ...place, servername: host }) : connectPlain(place);
  socket.on(isTls ? "secureConnect" : "connect", () => socket.write(Uint8Array.from([65, 77, 81, 80, 0, 0, 9, 1])));
  socket.on("data", (bytes: Buffer) => {
    resolve(versionIn(bytes));
    socket.destroy();
  });
  socket.on("error", reject);
  socket.on("close", () => reject(new Error("the server closed the connection without a word of AMQP")));
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)));
  return promise;
}

/** In its table of properties: the name, "S" for a long string, four bytes of length, the text. */
function versionIn(frame: Buffer): string | undefined {
  const name = Buffer.from("\x07versionS");
  const at = frame.indexOf(name);
  if (at < 0 || at + name.length + 4 > frame.length) return undefined;
  const from = at + name.length + 4;
  return frame.toString("utf8", from, from + frame.readUInt32BE(from - 4));
}
