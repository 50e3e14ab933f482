/** From 0 to below 1: to spread retries, never for secrets. */
export const spread = (): number => Math.random();
