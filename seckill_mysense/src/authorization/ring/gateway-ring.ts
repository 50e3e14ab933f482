import type { Authorizer, UserTry, Verdict } from "../authorizer.ts";
import type { LocalAuthorizer } from "../local-authorizer.ts";
import type { Holding } from "../user-holdings.ts";
import type { Logger } from "../../logging/logger.ts";
import { parseNodeName } from "./node-name.ts";
import { PeerKeys } from "./peer-keys.ts";
import { PeerLink } from "./peer-link.ts";
import { PeerListener } from "./peer-listener.ts";
import { RingCounts } from "./ring-counts.ts";
import { RingMembers } from "./ring-members.ts";

export interface GatewayRingOptions {
  /** `host:port` of the listener for the other gateways: this one's name on the ring. */
  readonly selfName: string;
  /** The address to listen on; empty: the host of the name. */
  readonly listenHost: string;
  readonly seeds: readonly string[];
  readonly maxMembers: number;
  readonly askTimeoutMs: number;
  readonly downAfterMs: number;
  /** Questions that may wait for one peer; more are answered `busy`. */
  readonly maxWaiting: number;
  /** The project's secrets. */
  readonly secrets: readonly string[];
  /** Decides about the users of this gateway, and about others whose owner does not answer. */
  readonly local: LocalAuthorizer;
  /** Which of the secrets is to sign from now on: the first that all gateways of the ring know. */
  readonly onSigningSecret: (index: number) => void;
  readonly logger: Logger;
  readonly elapsedMs: () => number;
}

const tickMs = 50;
/** A tick that comes later than this means that the process did not run in between. */
const stalledAfterMs = 250;
const forgetAfterMs = 600_000;
const busy: Verdict = { kind: "busy" };

/**
 * The ring of gateways as one of them sees it. A user's owner decides about the user. It is asked in one hop, and
 * asks no other gateway itself. An owner that cannot be asked is replaced by this gateway's own memory, which knows less and
 * therefore lets through more. Gate and ledger still prevent what must not happen.
 */
export class GatewayRing implements Authorizer {
  readonly counts = new RingCounts();
  readonly #options: GatewayRingOptions;
  readonly #keys: PeerKeys;
  readonly #members: RingMembers;
  #listener: PeerListener | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #tickedMs = 0;

  constructor(options: GatewayRingOptions) {
    this.#options = options;
    this.#keys = new PeerKeys(options.secrets);
    this.#members = new RingMembers({
      selfName: options.selfName,
      seeds: options.seeds.filter((name) => name !== options.selfName),
      maxMembers: options.maxMembers,
      forgetAfterMs,
      openLink: (name) => this.#openLink(name),
    });
  }

  /** Listens, and calls every member once, so that the first request finds the ring as it is. @throws as PeerListener does */
  async start(): Promise<void> {
    const { selfName, listenHost, maxMembers, downAfterMs, local, elapsedMs } = this.#options;
    const { host, port } = parseNodeName(selfName)!;
    this.#listener = new PeerListener({
      selfName,
      host: listenHost === "" ? host : listenHost,
      port,
      keys: this.#keys,
      authorizer: local,
      // Each member once, and again while its former connection is not yet known to be gone.
      maxConnections: maxMembers * 2,
      silentAfterMs: downAfterMs * 2,
      elapsedMs,
      members: () => this.#members.onRing,
      onGreeted: (name) => this.#greeted(name),
      onRefused: (reason, address) => this.#refused(reason, address),
    });
    this.#tickedMs = elapsedMs();
    for (const link of this.#members.links) link.callNow();
    this.#timer = setInterval(() => this.#tick(), tickMs);
    const untilMs = elapsedMs() + downAfterMs;
    while (elapsedMs() < untilMs && [...this.#members.links].some(({ wasTried }) => !wasTried)) await Bun.sleep(5);
    this.#chooseSigningSecret();
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const link of this.#members.links) link.close();
    this.#listener?.close();
  }

  decide(attempt: UserTry): Verdict | Promise<Verdict> {
    const link = this.#members.ownerLink(attempt.userId);
    if (link === undefined) return this.#options.local.decide(attempt);
    if (!link.isUp || link.isSuspect) {
      this.counts.questions.suspect++;
      return this.#options.local.decide(attempt);
    }
    if (link.isFull) {
      this.counts.questions.full++;
      return busy;
    }
    this.counts.questions.asked++;
    return link.ask(attempt).then((verdict) => verdict ?? this.#options.local.decide(attempt));
  }

  reportHolding(holding: Holding): void {
    const link = this.#members.ownerLink(holding.userId);
    if (link === undefined) this.#options.local.reportHolding(holding);
    else link.tellHolding(holding);
  }

  reportFailure(userId: string): void {
    const link = this.#members.ownerLink(userId);
    if (link === undefined) this.#options.local.reportFailure(userId);
    else link.tellFailure(userId);
  }

  ownerOf(userId: string): string {
    return this.#members.ownerOf(userId);
  }

  get onRing(): readonly string[] {
    return this.#members.onRing;
  }

  /** Every other gateway that is known: 1 while it is on the ring, 0 while it is away. */
  get membersUp(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#members.links].map(({ name, isUp }) => [name, isUp ? 1 : 0]));
  }

  /** For /metrics. */
  get gauges(): Readonly<Record<string, number>> {
    let waiting = 0;
    for (const link of this.#members.links) waiting += link.waitingQuestions;
    return {
      seckill_ring_gateways: this.onRing.length,
      seckill_ring_known_gateways: this.#members.count,
      seckill_ring_changes: this.#members.version,
      seckill_owner_questions_waiting: waiting,
      seckill_owner_questions_answered: this.#listener?.answered ?? 0,
    };
  }

  #openLink(name: string): PeerLink {
    const { selfName, askTimeoutMs, downAfterMs, maxWaiting, elapsedMs } = this.#options;
    const link: PeerLink = new PeerLink({
      name,
      selfName,
      keys: this.#keys,
      askTimeoutMs,
      downAfterMs,
      maxWaiting,
      elapsedMs,
      onUp: () => this.#changed("a gateway is on the ring", { gateway: name }),
      onDown: (reason) => this.#changed("a gateway left the ring", { gateway: name, reason }),
      onMembers: (names) => this.#learned(names),
      onRefused: (reason) => this.#refused(reason, name),
      onUnanswered: (kind, count) => void (this.counts.questions[kind] += count),
    });
    return link;
  }

  #changed(message: string, fields: Record<string, string>): void {
    this.#members.rebuild();
    this.#chooseSigningSecret();
    this.#listener?.tellMembers();
    this.#options.logger.info(message, { ...fields, gateways: this.onRing.length });
  }

  /** Names that other gateways can reach. Each proves itself when it is called. */
  #learned(names: readonly string[]): void {
    for (const name of names) this.#members.add(name);
  }

  #greeted(name: string): string | undefined {
    const { selfName, maxMembers } = this.#options;
    if (name === selfName) return `it calls itself ${name}, as this gateway does`;
    if (!this.#members.add(name)) return `${name} would be one more than ${maxMembers} gateways, or is no address`;
    this.counts.greetings.accepted++;
    // The gateway is there, so it can be called. It is on the ring only when that works.
    const link = this.#members.link(name);
    if (link !== undefined && !link.isUp) link.callNow();
    return undefined;
  }

  #refused(reason: string, gateway: string): void {
    this.counts.greetings.refused++;
    if (!this.counts.isNewRefusal(`${gateway}: ${reason}`)) return;
    this.#options.logger.warn("a gateway was refused", { gateway, reason });
  }

  #tick(): void {
    const nowMs = this.#options.elapsedMs();
    const lateMs = nowMs - this.#tickedMs - tickMs;
    this.#tickedMs = nowMs;
    const stalledMs = lateMs > stalledAfterMs ? lateMs : 0;
    for (const link of this.#members.links) link.tick(stalledMs);
    this.#listener?.tick(stalledMs);
    this.#members.forgetAway();
  }

  /** All gateways must be able to check what one of them signs, also while the secret is being changed. */
  #chooseSigningSecret(): void {
    const known = [...this.#members.links].filter(({ isUp }) => isUp).map(({ keyIds }) => keyIds);
    const index = this.#keys.ids.findIndex((id) => known.every((ids) => ids.includes(id)));
    this.#options.onSigningSecret(Math.max(0, index));
  }
}
