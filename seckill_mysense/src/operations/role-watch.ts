import type { HealthBoard } from "../health/health-board.ts";
import type { Heartbeat } from "../ledger/heartbeats.ts";
import { decodeDetails } from "./heartbeat-details.ts";

/** Roles without which reservations do not reach their buyers. */
export const watchedRoles = ["relay", "consumer", "sweeper"] as const;
type WatchedRole = (typeof watchedRoles)[number];

/** Heartbeats come once a second. A process that missed this much is stuck, frozen or dead. */
export const silentAfterMs = 4_000;

/**
 * Judges by the heartbeats whether relays, consumers and sweepers are at work. It sees processes that were killed or
 * frozen, and those that say themselves that they cannot work.
 */
export class RoleWatch {
  readonly #health: HealthBoard;
  readonly #elapsedMs: () => number;
  readonly #startedMs: number;
  readonly #roles: readonly WatchedRole[];

  /** In a sale without a gate there is only the sweeper to watch. */
  constructor(health: HealthBoard, elapsedMs: () => number, roles: readonly WatchedRole[] = watchedRoles) {
    this.#health = health;
    this.#elapsedMs = elapsedMs;
    this.#startedMs = elapsedMs();
    this.#roles = roles;
    for (const role of roles) health.part(role);
  }

  /** Gets the heartbeats of all processes. */
  hear(beats: readonly Heartbeat[]): void {
    for (const role of this.#roles) this.#judge(role, beats);
  }

  #judge(role: WatchedRole, beats: readonly Heartbeat[]): void {
    const part = this.#health.part(role);
    const known = beats.filter((beat) => beat.role === role || beat.role === "all");
    const silent = known.filter(({ ageMs }) => ageMs >= silentAfterMs);
    const alive = known.filter(({ ageMs }) => ageMs < silentAfterMs);
    if (alive.length === 0) {
      // When a whole system starts, the other roles may be a moment later.
      if (this.#elapsedMs() - this.#startedMs < silentAfterMs) return;
      const last = silent.toSorted((a, b) => a.ageMs - b.ageMs)[0];
      return part.down(last === undefined ? `no ${role} is running` : `no ${role} is alive: ${describeSilence(last)}`);
    }
    const troubles = alive.flatMap((beat) => troubleOf(role, beat));
    if (troubles.length === alive.length) return part.down(troubles.join("; "));
    if (troubles.length > 0) return part.degraded(troubles.join("; "));
    if (silent.length > 0) return part.degraded(silent.map(describeSilence).join("; "));
    part.ok();
  }
}

function describeSilence({ role, instance, host, ageMs }: Heartbeat): string {
  return `the ${role} ${instance} on ${host} has been silent for ${Math.round(ageMs / 1_000)} s`;
}

function troubleOf(role: WatchedRole, { details, host, instance }: Heartbeat): string[] {
  const { troubles } = decodeDetails(details);
  // A relay or consumer whose queue is down cannot work, even if it has not had to yet.
  const trouble = troubles.find(({ name }) => name === role) ?? troubles.find(({ status }) => status === "down");
  return trouble === undefined ? [] : [`the ${role} ${instance} on ${host}: ${trouble.reason}`];
}
