import { withOptions } from "../runtime-options.ts";

/** Tells a process that it is the one in the background: it starts no other one. */
const inBackground = "MY_REDIS_IN_BACKGROUND";

/** That of this process, for one in the background. */
export const environmentInBackground = (): NodeJS.ProcessEnv => ({ ...withOptions(process.env), [inBackground]: "1" });

/** Whether this process was started to run in the background. Processes that it starts do not learn it from it. */
export function takeInBackground(): boolean {
  const was = process.env[inBackground] !== undefined;
  delete process.env[inBackground];
  return was;
}

/** Whether a supervisor of this kind has started this process, and waits for it: it has to stay in the foreground. */
export function isSupervisedBy(kind: "no" | "upstart" | "systemd" | "auto"): boolean {
  const isThere = { upstart: "UPSTART_JOB" in process.env, systemd: "NOTIFY_SOCKET" in process.env };
  return kind === "auto" ? isThere.upstart || isThere.systemd : kind !== "no" && isThere[kind];
}
