import type { Authorizer } from "../authorization/authorizer.ts";
import { ClientAddress } from "../authorization/client-address.ts";
import { InternalSecret } from "../authorization/internal-secret.ts";
import { LocalAuthorizer } from "../authorization/local-authorizer.ts";
import { PasswordHasher, recommendedCost } from "../authorization/password-hasher.ts";
import { type RateLimit, RateLimiter } from "../authorization/rate-limiter.ts";
import { GatewayRing } from "../authorization/ring/gateway-ring.ts";
import { type RiskReason, type RiskRule, mostCounted, riskReasons } from "../authorization/risk.ts";
import { deriveBytes, type SigningChoice } from "../authorization/signing-key.ts";
import { WorkChallenges } from "../authorization/work-challenges.ts";
import type { Logger } from "../logging/logger.ts";
import type { Settings } from "../settings/settings.ts";
import { spread } from "../time/randomness.ts";
import { DecisionLog } from "./decision-log.ts";
import { NodeLimits } from "./node-limits.ts";
import { RegistrationWork } from "./registration-work.ts";
import { StepUp } from "./step-up.ts";

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
  /** Undefined: no login and no entry to a waiting room costs work, whatever the risk. */
  readonly stepUp: StepUp | undefined;
  readonly decisionLog: DecisionLog;
}

/** The most users with failed tries, and the most reservations, that one gateway keeps in memory. */
const maxFailingUsers = 65_536;
const maxHoldings = 65_536;
/** A remembered reservation expires after this time; the gate is then asked again. */
const holdingLifetimeMs = 60_000;

/** As long as the longest pause of a page that waits. */
const mostRoomWaitMs = 30_000;

/** Builds the parts that decide whether a user may try: one gateway by itself, or a ring if `gateways.self` is set. */
export function assembleAuthorization(options: AuthorizationOptions): AuthorizationParts {
  const { settings, elapsedMs } = options;
  const { limits, backend, gateways } = settings;
  const isAlone = gateways.self === "";
  const local = new LocalAuthorizer({
    limits: {
      check: rateOf(limits.check_per_user),
      api: rateOf(limits.api_per_user),
      room: { ...rateOf(limits.room_per_user), mostWaitMs: mostRoomWaitMs },
      login: rateOf(limits.login_per_name),
      ...riskLimits(settings),
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
  const authorizer = ring ?? local;
  const decisionLog = openDecisionLog(options);
  const shared = { choice, hasher, tries: triesPerAddress };
  return {
    authorizer,
    local,
    ring,
    choice,
    clientAddress: new ClientAddress({ trustedProxies: backend.trusted_proxies, ipv6Prefix: limits.ipv6_prefix }),
    nodeLimits: new NodeLimits(rateOf(limits.check_per_node), limits.requests_in_flight),
    internalSecret: new InternalSecret(backend.internal_secret),
    hasher,
    triesPerAddress,
    work: settings.accounts.work === "off" ? undefined : registrationWork(options, shared),
    stepUp: settings.accounts.step_up === "off" ? undefined : stepUp(options, { ...shared, authorizer, decisionLog }),
    decisionLog,
  };
}

interface WorkParts {
  readonly choice: SigningChoice;
  readonly hasher: PasswordHasher;
  readonly tries: RateLimiter;
}

function registrationWork(
  { settings, secrets, now, elapsedMs }: AuthorizationOptions,
  { choice, hasher, tries }: WorkParts,
): RegistrationWork {
  return new RegistrationWork({
    challenges: new WorkChallenges(secrets, choice, now),
    perAddress: limiterOf(settings, settings.limits.work_per_address),
    level: settings.accounts.work_level,
    ...{ hasher, tries, elapsedMs },
  });
}

function stepUp(
  { settings, secrets, now, elapsedMs }: AuthorizationOptions,
  {
    choice,
    hasher,
    tries,
    authorizer,
    decisionLog,
  }: WorkParts & Pick<AuthorizationParts, "authorizer" | "decisionLog">,
): StepUp {
  const { step_up_level, step_up_max_level } = settings.accounts;
  return new StepUp({
    challenges: new WorkChallenges(secrets, choice, now),
    rules: riskRules(settings),
    level: step_up_level,
    maxLevel: step_up_max_level,
    ...{ authorizer, hasher, tries, elapsedMs, log: decisionLog },
  });
}

function openDecisionLog({ settings, secrets, logger, elapsedMs }: AuthorizationOptions): DecisionLog {
  const { decision_share, decisions_per_second } = settings.log;
  return new DecisionLog({
    share: decision_share,
    lines: { ratePerSecond: decisions_per_second, burst: Math.max(1, Math.floor(decisions_per_second)) },
    pseudonymKey: deriveBytes(secrets[0]!, "decision-log"),
    ...{ logger, random: spread, elapsedMs },
  });
}

function riskRules({ limits }: Settings): Record<RiskReason, RiskRule> {
  const rules = riskReasons.map((reason) => {
    const { free, forgotten_per_second } = limits[`risk_${reason}`];
    return [reason, { free, forgottenPerSecond: forgotten_per_second }];
  });
  return Object.fromEntries(rules) as Record<RiskReason, RiskRule>;
}

const onceAnHour: RateLimit = { ratePerSecond: 1 / 3_600, burst: 1 };

/** Without the setting nothing is counted. */
function riskLimits(settings: Settings): Partial<Record<RiskReason | "once", RateLimit>> {
  if (settings.accounts.step_up === "off") return {};
  const limits = Object.entries(riskRules(settings)).map(([reason, rule]) => {
    return [reason, { ratePerSecond: rule.forgottenPerSecond, burst: mostCounted(rule) }];
  });
  return { ...(Object.fromEntries(limits) as Record<RiskReason, RateLimit>), once: onceAnHour };
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
