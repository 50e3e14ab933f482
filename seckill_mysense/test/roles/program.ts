import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startProcess, type StartedProcess, temporaryFolder } from "../../../tools/test-services/index.ts";
import { testSecret } from "../fakes/test-gateway.ts";

const mainFile = join(import.meta.dir, "../../main.ts");

/** A folder with a config.json. `parts` override the settings that tests share. */
export function configFolder(parts: Record<string, object> = {}): { folder: string; configFile: string } {
  const folder = temporaryFolder("seckill");
  const config = {
    data_dir: "data",
    ...parts,
    backend: { host: "127.0.0.1", api_port: 0, shutdown_seconds: 5, ...parts["backend"] },
    sale: { demo_units: 3, demo_starts_in_seconds: 0, ...parts["sale"] },
  };
  const configFile = join(folder, "config.json");
  writeFileSync(configFile, JSON.stringify(config));
  return { folder, configFile };
}

export interface RunningProgram {
  readonly process: StartedProcess;
  readonly url: string;
  /** The listener for operators. */
  readonly operationsUrl: string;
}

export interface ProgramOptions {
  readonly role?: string;
  /** A script that runs before the program. Operators load their tracing this way. */
  readonly preload?: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the program and waits until it takes requests. */
export async function startProgram(
  configFile: string,
  { role = "all", preload, env = {} }: ProgramOptions = {},
): Promise<RunningProgram> {
  const flags = preload === undefined ? [] : ["--preload", preload];
  const started = await startProcess({
    cmd: [process.execPath, ...flags, mainFile, role, "--config", configFile],
    env,
    readyWhen:
      /"message":"started","role":"[\w-]+"(?:,"port":(\d+))?(?:,"url":"[^"]*")?,"pid":\d+(?:,"operationsPort":(\d+))?/,
  });
  const [, port, operationsPort] = started.readyMatch ?? [];
  const local = (of: string | undefined): string => `http://127.0.0.1:${of}`;
  return { process: started, url: local(port), operationsUrl: local(operationsPort) };
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program to its end. */
export async function runProgram(
  args: readonly string[],
  env: Record<string, string | undefined> = {},
): Promise<Ended> {
  const ended = await startProcess({ cmd: [process.execPath, mainFile, ...args], env });
  const { code } = await ended.exited;
  return { code, stdout: ended.stdout(), stderr: ended.stderr() };
}

/** Settings for an external gate. */
export function externalGate(url: string): Record<string, object> {
  return { redis: { url }, backend: { api_secret: testSecret } };
}
