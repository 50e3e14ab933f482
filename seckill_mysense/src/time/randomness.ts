/** From 0 to below 1. Spreads retries; not for secrets. */
export const spread = (): number => Math.random();
