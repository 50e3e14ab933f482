import { freePort, waitUntil } from "../../../../tools/test-services/index.ts";
import { LocalAuthorizer } from "../../../src/authorization/local-authorizer.ts";
import { GatewayRing, type GatewayRingOptions } from "../../../src/authorization/ring/gateway-ring.ts";
import { silentLogger } from "../../../src/logging/logger.ts";
import { testSecret } from "../../fakes/test-gateway.ts";

export interface TestRing extends AsyncDisposable {
  readonly name: string;
  readonly ring: GatewayRing;
  /** Which secret this gateway was last told to sign with. */
  readonly signing: () => number;
}

/** A gateway's side of the ring, without its web server: one try of a user each quarter of an hour, with a burst of 3. */
export async function startRing(options: Partial<GatewayRingOptions> = {}): Promise<TestRing> {
  const rate = { ratePerSecond: 0.001, burst: 3 };
  const local = new LocalAuthorizer({
    limits: { check: rate, api: rate, login: rate },
    trackedKeys: 65_536,
    bans: { afterFailures: 5, windowMs: 60_000, banMs: 60_000, maxUsers: 1_000 },
    holdings: { capacity: 1_024, lifetimeMs: 60_000 },
    elapsedMs: () => performance.now(),
  });
  let signing = -1;
  const name = options.selfName ?? `127.0.0.1:${await freePort()}`;
  const ring = new GatewayRing({
    selfName: name,
    listenHost: "",
    seeds: [],
    maxMembers: 8,
    askTimeoutMs: 2_000,
    downAfterMs: 1_000,
    maxWaiting: 1_000,
    secrets: [testSecret],
    local,
    onSigningSecret: (index) => (signing = index),
    logger: silentLogger,
    elapsedMs: () => performance.now(),
    ...options,
  });
  await ring.start();
  return { name, ring, signing: () => signing, [Symbol.asyncDispose]: async () => ring.stop() };
}

/** Waits until each ring sees exactly these gateways. */
export async function untilJoined(...rings: readonly TestRing[]): Promise<void> {
  const names = rings.map(({ name }) => name).toSorted();
  await waitUntil(() => rings.every(({ ring }) => JSON.stringify(ring.onRing.toSorted()) === JSON.stringify(names)), {
    what: `${names.length} gateways to be one ring`,
    timeoutMs: 5_000,
  });
}

/** A user whom this gateway owns, as all of them see it. */
export function userOf(owner: TestRing, from = 0): string {
  for (let index = from; ; index++) if (owner.ring.ownerOf(`user-${index}`) === owner.name) return `user-${index}`;
}
