/** The values of all directives, by their Redis names. */
export interface SettingValues {
  databases: number;
  requirepass: string;
  port: number;
  maxclients: number;
  "proto-max-bulk-len": number;
  "client-query-buffer-limit": number;
}

export class Settings {
  readonly values: SettingValues = {
    databases: 16,
    requirepass: "",
    port: 6379,
    maxclients: 10000,
    "proto-max-bulk-len": 512 * 1024 * 1024,
    "client-query-buffer-limit": 1024 * 1024 * 1024,
  };
}
