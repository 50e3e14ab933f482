import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { basename, dirname, join } from "node:path";
import { findProgram } from "./find-program.ts";
import { freePorts } from "./free-port.ts";
import { requiredProgram } from "./required-program.ts";
import { startService, withNewPortsOnClash, type Service } from "./service.ts";
import { startProcess, type StartProcessOptions } from "./start-process.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export interface RabbitmqOptions {
  /** Further lines of rabbitmq.conf: `["channel_max = 100"]`. */
  config?: readonly string[];
  timeoutMs?: number;
}

export interface Rabbitmq extends Service {
  /** Runs rabbitmqctl on this broker and gives what it printed. Throws when it fails. */
  control(...args: string[]): Promise<string>;
  /** The values that another process needs to do the same: see `controlRabbitmq`. */
  readonly node: ControlContext;
}

/** A private broker without plugins: AMQP only. Its own epmd and cookie keep it apart from every other Erlang node. */
export function startRabbitmq({ config = [], timeoutMs = 60_000 }: RabbitmqOptions = {}): Promise<Rabbitmq> {
  const program = requiredProgram("rabbitmq");
  return withNewPortsOnClash(async () => {
    const ports = await freePorts(3);
    const [port, epmdPort, distributionPort] = ports as [number, number, number];
    const dataDir = temporaryFolder("test-rabbitmq");
    writeFileSync(join(dataDir, "rabbitmq.conf"), [`listeners.tcp.1 = 127.0.0.1:${port}`, ...config, ""].join("\n"));
    writeFileSync(join(dataDir, "enabled_plugins"), "[].\n");
    mkdirSync(join(dataDir, "log"));
    const env = nodeEnvironment({ dataDir, epmdPort, distributionPort });
    const url = `amqp://guest:guest@127.0.0.1:${port}`;
    const processes: StartProcessOptions[] = [
      nameServer({ epmdPort, env, timeoutMs }),
      { cmd: [program], env, readyWhen: /Server startup complete/, timeoutMs },
    ];
    const service = await startService({ url, port, dataDir, processes });
    const node: ControlContext = { env, timeoutMs };
    return Object.assign(service, { node, control: (...args: string[]) => controlRabbitmq(args, node) });
  });
}

interface NodePlace {
  dataDir: string;
  epmdPort: number;
  distributionPort: number;
}

function nodeEnvironment({ dataDir, epmdPort, distributionPort }: NodePlace): Record<string, string | undefined> {
  return {
    HOME: dataDir,
    ERL_EPMD_PORT: `${epmdPort}`,
    ERL_EPMD_ADDRESS: "127.0.0.1",
    // The host part must not depend on how this machine's name resolves.
    RABBITMQ_NODENAME: `${basename(dataDir)}@localhost`,
    RABBITMQ_DIST_PORT: `${distributionPort}`,
    RABBITMQ_CONFIG_FILE: join(dataDir, "rabbitmq.conf"),
    RABBITMQ_CONF_ENV_FILE: join(dataDir, "none"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(dataDir, "enabled_plugins"),
    RABBITMQ_MNESIA_BASE: join(dataDir, "mnesia"),
    RABBITMQ_LOG_BASE: join(dataDir, "log"),
    RABBITMQ_LOGS: "-",
    RABBITMQ_PID_FILE: join(dataDir, "pid"),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
    // Makes the start script become the server, so that a signal meets the server itself and not a shell before it.
    RUNNING_UNDER_SYSTEMD: "true",
    NOTIFY_SOCKET: undefined,
  };
}

/** RabbitMQ would start an epmd of its own, in the background, where nothing could stop it. */
function nameServer({ epmdPort, env, timeoutMs }: ControlContext & { epmdPort: number }): StartProcessOptions {
  const program = findProgram("epmd");
  if (program === undefined) throw new Error("rabbitmq-server is here, but Erlang's epmd is not on PATH");
  const cmd: [string, ...string[]] = [program, "-port", `${epmdPort}`, "-address", "127.0.0.1"];
  return { cmd, env, readyWhen: () => acceptsConnections(epmdPort), timeoutMs };
}

/** Not by trying to listen on it: epmd would meet that as "address already in use", and end. */
function acceptsConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

export interface ControlContext {
  /** The values by which rabbitmqctl finds the node: its name, its epmd and its cookie. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
}

/** Runs rabbitmqctl on the node that `startRabbitmq` described, from whatever process. */
export async function controlRabbitmq(args: readonly string[], { env, timeoutMs }: ControlContext): Promise<string> {
  const script = findProgram(join(dirname(requiredProgram("rabbitmq")), "rabbitmqctl"), "rabbitmqctl");
  if (script === undefined) throw new Error("rabbitmq-server is here, but rabbitmqctl is not");
  const run = await startProcess({
    cmd: [script, "--quiet", ...args],
    env,
    readyWhen: (started) => started.exit !== undefined,
    timeoutMs,
  });
  if (run.exit?.code !== 0) throw new Error(`rabbitmqctl ${args.join(" ")} failed:\n${run.stdout()}${run.stderr()}`);
  return run.stdout();
}
