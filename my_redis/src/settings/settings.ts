/** The values of all directives, by their Redis names. */
export interface SettingValues {
  bind: string[];
  databases: number;
  requirepass: string;
  port: number;
  maxclients: number;
  dir: string;
  appendonly: boolean;
  appendfilename: string;
  appenddirname: string;
  appendfsync: "always" | "everysec" | "no";
  "aof-load-truncated": boolean;
  /** Ours: checksum annotations in the log, which redis-server passes over. */
  "aof-checksum": boolean;
  "proto-max-bulk-len": number;
  "client-query-buffer-limit": number;
}

export class Settings {
  readonly values: SettingValues = {
    bind: ["127.0.0.1", "-::1"],
    databases: 16,
    requirepass: "",
    port: 6379,
    maxclients: 10000,
    dir: ".",
    appendonly: false,
    appendfilename: "appendonly.aof",
    appenddirname: "appendonlydir",
    appendfsync: "everysec",
    "aof-load-truncated": true,
    "aof-checksum": true,
    "proto-max-bulk-len": 512 * 1024 * 1024,
    "client-query-buffer-limit": 1024 * 1024 * 1024,
  };

  constructor(values: Partial<SettingValues> = {}) {
    Object.assign(this.values, values);
  }
}
