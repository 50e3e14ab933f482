import { claims, version } from "../../../version.ts";
import type { InfoSection } from "./section.ts";

export const serverSection: InfoSection = {
  name: "server",
  title: "Server",
  byDefault: true,
  lines({ clock, cluster, environment, keyspace, process: { runId, shutdown, startedAtMonotonicMs }, settings }) {
    const { machine } = environment;
    const uptimeSeconds = Math.floor((clock.monotonicMs - startedAtMonotonicMs) / 1000);
    const claim = claims[settings.values.compatibility];
    const ofValkey = [
      ["server_name", claim.server],
      ["valkey_version", claim.version],
    ] as const;
    return [
      ["redis_version", claim.redisVersion],
      ...(claim.server === "valkey" ? ofValkey : []),
      ["my_redis_version", version],
      ["redis_mode", cluster === undefined ? "standalone" : "cluster"],
      ["os", machine.system],
      ["arch_bits", 64],
      ["runtime", machine.runtime],
      ["process_id", machine.processId],
      ["run_id", runId],
      ["tcp_port", settings.values.port || settings.values["tls-port"]],
      ["server_time_usec", Math.floor(clock.nowMs * 1000)],
      ["uptime_in_seconds", uptimeSeconds],
      ["uptime_in_days", Math.floor(uptimeSeconds / 86400)],
      ["hz", settings.values.hz],
      ["configured_hz", settings.values.hz],
      ["lru_clock", keyspace.accessClock.second],
      ["executable", machine.executable],
      ["config_file", settings.file ?? ""],
      ["io_threads_active", 0],
      ...(shutdown.leftMs === undefined ? [] : ([["shutdown_in_milliseconds", shutdown.leftMs]] as const)),
    ];
  },
};

export const cpuSection: InfoSection = {
  name: "cpu",
  title: "CPU",
  byDefault: true,
  lines({ environment }) {
    const { user, system } = environment.cpuSeconds();
    return [
      ["used_cpu_sys", system.toFixed(6)],
      ["used_cpu_user", user.toFixed(6)],
      ["used_cpu_sys_children", "0.000000"],
      ["used_cpu_user_children", "0.000000"],
    ];
  },
};
