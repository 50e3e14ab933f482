/** Half to one and a half times the duration: a crowd that was turned away together must not come back together. */
export function spread(durationMs: number): number {
  return durationMs * (0.5 + Math.random());
}
