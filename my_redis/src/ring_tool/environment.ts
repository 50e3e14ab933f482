/** The password for redis-cli and the like; undefined where there is none. */
export const passwordOfEnvironment = (): string | undefined => process.env["REDISCLI_AUTH"];
