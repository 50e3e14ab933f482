import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  controlRabbitmq,
  startRabbitmq,
  type ControlContext,
  type Rabbitmq,
  type RabbitmqOptions,
} from "./rabbitmq.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A virtual host for the caller alone: no queue or exchange of another test is in it. */
export interface RabbitmqVhost {
  /** amqp://user:password@host:port/vhost */
  readonly url: string;
  readonly vhost: string;
  /** Removes the virtual host with its queues, and a dedicated broker with it. */
  drop(): Promise<void>;
}

export interface DedicatedRabbitmqVhost extends RabbitmqVhost {
  /** To kill, freeze and restart. */
  readonly server: Rabbitmq;
}

/** A broker that this process can only connect to has no `node`. */
export interface SharedRabbitmq {
  readonly url: string;
  readonly node: ControlContext | undefined;
}

const sharedKey = Symbol.for("test-services.rabbitmq");
const holder = globalThis as typeof globalThis & { [sharedKey]?: Promise<SharedRabbitmq> };

/**
 * A fresh virtual host on one broker that all files of a test run share; with `dedicated`, a broker of its own for a
 * test that stops or slows it. On a foreign broker (TEST_RABBITMQ_URL) nothing can be created: the virtual host of
 * that URL is used as it is, so tests give their queues names that are new in each run.
 */
export function freshRabbitmqVhost(options?: { dedicated?: false }): Promise<RabbitmqVhost>;
export function freshRabbitmqVhost(options: { dedicated: true } & RabbitmqOptions): Promise<DedicatedRabbitmqVhost>;
export async function freshRabbitmqVhost({
  dedicated = false,
  ...options
}: { dedicated?: boolean } & RabbitmqOptions = {}): Promise<RabbitmqVhost | DedicatedRabbitmqVhost> {
  if (dedicated) {
    const server = await startRabbitmq(options);
    return { url: server.url, vhost: "/", server, drop: () => server.stop() };
  }
  const { url: brokerUrl, node } = await sharedRabbitmq();
  const url = new URL(brokerUrl);
  if (node === undefined) {
    return { url: url.href, vhost: decodeURIComponent(url.pathname.slice(1)) || "/", drop: async () => {} };
  }
  const vhost = `test-${randomBytes(6).toString("hex")}`;
  await createVhost({ vhost, user: decodeURIComponent(url.username), node });
  url.pathname = `/${vhost}`;
  return {
    url: url.href,
    vhost,
    drop: async () => void (await controlRabbitmq(["delete_vhost", vhost], node)),
  };
}

/** The shared broker. The first call starts it; it ends with the process. */
export function sharedRabbitmq(): Promise<SharedRabbitmq> {
  const url = process.env["TEST_RABBITMQ_URL"];
  const node = process.env["TEST_RABBITMQ_NODE"];
  if (url) return Promise.resolve({ url, node: node ? (JSON.parse(node) as ControlContext) : undefined });
  return (holder[sharedKey] ??= startRabbitmq());
}

/** One import instead of two commands: each rabbitmqctl costs 0.4 s. */
async function createVhost({
  vhost,
  user,
  node,
}: {
  vhost: string;
  user: string;
  node: ControlContext;
}): Promise<void> {
  const everything = { configure: ".*", write: ".*", read: ".*" };
  const definitions = { vhosts: [{ name: vhost }], permissions: [{ user, vhost, ...everything }] };
  const path = join(temporaryFolder("rabbitmq-definitions"), "vhost.json");
  writeFileSync(path, JSON.stringify(definitions));
  await controlRabbitmq(["import_definitions", path], node);
}
