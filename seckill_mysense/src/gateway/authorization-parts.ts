import type { Authorizer } from "../authorization/authorizer.ts";
import { ClientAddress } from "../authorization/client-address.ts";
import { InternalSecret } from "../authorization/internal-secret.ts";
import { LocalAuthorizer } from "../authorization/local-authorizer.ts";
import { PasswordHasher, recommendedCost } from "../authorization/password-hasher.ts";
import { type RateLimit, RateLimiter } from "../authorization/rate-limiter.ts";
import { GatewayRing } from "../authorization/ring/gateway-ring.ts";
import type { SigningChoice } from "../authorization/signing-key.ts";
import { WorkChallenges } from "../authorization/work-challenges.ts";
import type { Logger } from "../logging/logger.ts";
import type { Settings } from "../settings/settings.ts";
import { NodeLimits } from "./node-limits.ts";
import { RegistrationWork } from "./registration-work.ts";

interface AuthorizationOptions {
  readonly settings: Settings;
  readonly secrets: readonly string[];
  readonly logger: Logger;
  readonly now: () => number;
  readonly elapsedMs: () => number;
}

export interface AuthorizationParts {
  readonly authorizer: Authorizer;
  readonly local: LocalAuthorizer;
  /** Undefined for a gateway without a ring. */
  readonly ring: GatewayRing | undefined;
  readonly choice: SigningChoice;
  readonly clientAddress: ClientAddress;
  readonly nodeLimits: NodeLimits;
  readonly internalSecret: InternalSecret;
  readonly hasher: PasswordHasher;
  /** Registrations, challenges for them and logins, by address. */
  readonly triesPerAddress: RateLimiter;
  /** Undefined: who registers has nothing to compute before. */
  readonly work: RegistrationWork | undefined;
}

/** The most users with failed tries, and the most reservations, that one gateway keeps in memory. */
const maxFailingUsers = 65_536;
const maxHoldings = 65_536;
/** A remembered reservation expires after this time; the gate is then asked again. */
const holdingLifetimeMs = 60_000;

/** Builds the parts that decide whether a user may try: one gateway by itself, or a ring if `gateways.self` is set. */
export function assembleAuthorization(options: AuthorizationOptions): AuthorizationParts {
  const { settings, elapsedMs } = options;
  const { limits, backend, gateways } = settings;
  const isAlone = gateways.self === "";
  const local = new LocalAuthorizer({
    limits: {
      check: rateOf(limits.check_per_user),
      api: rateOf(limits.api_per_user),
      login: rateOf(limits.login_per_name),
    },
    trackedKeys: limits.tracked_keys,
    bans: {
      afterFailures: limits.ban_after_failures,
      windowMs: limits.failure_window_seconds * 1000,
      banMs: limits.ban_seconds * 1000,
      maxUsers: Math.min(limits.tracked_keys, maxFailingUsers),
    },
    holdings: isAlone
      ? undefined
      : { capacity: Math.min(limits.tracked_keys, maxHoldings), lifetimeMs: holdingLifetimeMs },
    elapsedMs,
  });
  const choice: SigningChoice = { index: 0 };
  const hasher = new PasswordHasher({
    concurrency: limits.hash_concurrency,
    maxWaiting: limits.hash_waiting,
    ...recommendedCost,
  });
  const triesPerAddress = limiterOf(settings, limits.login_per_address);
  const ring = isAlone ? undefined : openRing(options, local, choice);
  return {
    authorizer: ring ?? local,
    local,
    ring,
    choice,
    clientAddress: new ClientAddress({ trustedProxies: backend.trusted_proxies, ipv6Prefix: limits.ipv6_prefix }),
    nodeLimits: new NodeLimits(rateOf(limits.check_per_node), limits.requests_in_flight),
    internalSecret: new InternalSecret(backend.internal_secret),
    hasher,
    triesPerAddress,
    work: settings.accounts.work === "off" ? undefined : registrationWork(options, choice, hasher, triesPerAddress),
  };
}

function registrationWork(
  { settings, secrets, now, elapsedMs }: AuthorizationOptions,
  choice: SigningChoice,
  hasher: PasswordHasher,
  tries: RateLimiter,
): RegistrationWork {
  return new RegistrationWork({
    challenges: new WorkChallenges(secrets, choice, now),
    perAddress: limiterOf(settings, settings.limits.work_per_address),
    level: settings.accounts.work_level,
    ...{ hasher, tries, elapsedMs },
  });
}

function openRing(options: AuthorizationOptions, local: LocalAuthorizer, choice: SigningChoice): GatewayRing {
  const { settings, secrets, logger, elapsedMs } = options;
  const { gateways } = settings;
  return new GatewayRing({
    selfName: gateways.self,
    listenHost: gateways.listen_host,
    seeds: gateways.nodes,
    maxMembers: gateways.max_nodes,
    askTimeoutMs: gateways.ask_timeout_ms,
    downAfterMs: gateways.down_after_ms,
    maxWaiting: gateways.questions_waiting,
    secrets,
    local,
    onSigningSecret: (index) => void (choice.index = index),
    logger,
    elapsedMs,
  });
}

const rateOf = (limit: { rate_per_second: number; burst: number }): RateLimit => ({
  ratePerSecond: limit.rate_per_second,
  burst: limit.burst,
});

export function limiterOf(settings: Settings, limit: { rate_per_second: number; burst: number }): RateLimiter {
  return new RateLimiter(rateOf(limit), settings.limits.tracked_keys);
}
