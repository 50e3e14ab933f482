/** Half to one and a half times the duration, so that buyers who were refused together do not retry together. */
export function spread(durationMs: number): number {
  return durationMs * (0.5 + Math.random());
}
