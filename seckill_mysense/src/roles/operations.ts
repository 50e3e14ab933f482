import { hostname } from "node:os";
import { InternalSecret } from "../authorization/internal-secret.ts";
import type { Gate } from "../gate/gate.ts";
import type { HealthBoard } from "../health/health-board.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { encodeDetails } from "../operations/heartbeat-details.ts";
import { startOperationsServer, type OperationsServer, type WebServers } from "../operations/operations-server.ts";
import { runProbe } from "../operations/probe.ts";
import { RoleWatch, watchedRoles } from "../operations/role-watch.ts";
import { DeadLetters } from "../orders/dead-letters.ts";
import type { ReservationQueue } from "../queue/queue.ts";
import { hasNoGate } from "../settings/load-settings.ts";
import type { Settings } from "../settings/settings.ts";
import type { RunningParts } from "./running-parts.ts";
import { Sampler } from "./sampler.ts";
import { settledWithin } from "../time/settled-within.ts";
import { StartError } from "./start-error.ts";
import type { SystemOptions } from "./system-options.ts";
import { recordWindows } from "./record-windows.ts";
import { describeStuckBundles } from "../orders/bundle-watch.ts";

export interface Operations {
  /** The port of the listener. */
  readonly port: number;
  /**
   * Resolves when the others know of this process, or after some seconds. A consumer takes no message before that: a repair
   * waits for every consumer that it knows.
   */
  announced(): Promise<void>;
  stop(): Promise<void>;
}

/** The longest wait for each step of leaving. */
const farewellMs = 1_000;
/** The longest wait until the others know of a process that starts. */
const announcedWithinMs = 3_000;
/** Outboxes whose length is read at each sample. */
const maxSampledOutboxes = 64;
const maxHostLength = 40;

/** Watches the parts of this process, tells the other processes of it, and serves both to operators. */
export function startOperations(options: SystemOptions, parts: RunningParts, health: HealthBoard): Operations {
  const { settings, logger } = options;
  const sampler = new Sampler(options, parts, health);
  const server = listen(options, parts, health, sampler);
  const stopping = new AbortController();
  const { signal } = stopping;
  const beats = new Beats(options, parts.ledger, () => encodeDetails(sampler.figures, health.outages));
  const hearsOthers = options.role === "gateway" || options.role === "quantity";
  const watch = hearsOthers ? new RoleWatch(health, options.clock.elapsedMs, watchedIn(settings)) : undefined;
  const ledgerPart = health.part("ledger");
  const { promise: firstBeat, resolve: announce } = Promise.withResolvers<void>();
  const beating = runProbe(
    {
      ask: async () => {
        sampler.judge();
        await beats.beat();
        announce();
        if (watch !== undefined) watch.hear(await parts.ledger.heartbeats.read());
        sampler.note("seckill_dead_letters", await parts.ledger.deadLetters.countWaiting());
        if (parts.sweeper !== undefined) {
          const sinceMs = options.clock.now() - settings.sale.offer_seconds * 1_000;
          sampler.note("seckill_offers_open", await parts.ledger.waiters.countOpenOffers(sinceMs));
          await noteBundles(options, parts.ledger, { sampler, health });
        }
      },
      onAnswer: () => ledgerPart.ok(),
      onFailure: (reason) => ledgerPart.down(reason),
    },
    signal,
  );
  // These end when their part is closed, which comes after this stop: a broker that is away must not delay it.
  if (parts.queue !== undefined) void runProbe(queueProbe(parts.queue, sampler, health), signal);
  if (parts.gate !== undefined) void runProbe(gateProbe(parts.gate, parts, sampler, health), signal);
  const { host, port } = settings.operations;
  logger.debug("operators are served", { host, port: server.port });
  const hasGateway = options.role === "all" || options.role === "gateway";
  if (hasGateway && port === 0 && settings.backend.internal_secret !== "") {
    logger.warn(
      "operations.port is 0: programs find /checkRight at another port after each start, so write a fixed one",
      {
        operationsPort: server.port,
      },
    );
  }
  return {
    port: server.port,
    announced: () => settledWithin(announcedWithinMs, firstBeat),
    async stop() {
      stopping.abort();
      server.stop();
      // A heartbeat that is under way would write the row again.
      await settledWithin(farewellMs, beating);
      await settledWithin(farewellMs, beats.leave());
    },
  };
}

/** A sweep that fails says so itself. This also finds bundles that no sweep gets to. */
async function noteBundles(
  { settings, clock }: SystemOptions,
  { bundles }: Pick<Ledger, "bundles">,
  { sampler, health }: { readonly sampler: Sampler; readonly health: HealthBoard },
): Promise<void> {
  const figures = await bundles.figures();
  const nowMs = clock.now();
  const { collecting, oldestCollectingMs = nowMs, unreleased } = figures;
  sampler.note("seckill_bundles_collecting", collecting);
  sampler.note("seckill_bundle_oldest_seconds", Math.max(0, nowMs - oldestCollectingMs) / 1_000);
  sampler.note("seckill_bundles_to_release", unreleased);
  const { collectWithinMs } = recordWindows(settings);
  const stuck = describeStuckBundles(figures, { nowMs, collectWithinMs });
  // Asking the board for a part makes one: it is shown once it is needed.
  if (stuck === undefined && !health.parts.some(({ name }) => name === "bundles")) return;
  const part = health.part("bundles");
  if (stuck === undefined) part.ok();
  else part.degraded(stuck);
}

function watchedIn(settings: Settings): typeof watchedRoles | readonly ["sweeper"] {
  return hasNoGate(settings) ? ["sweeper"] : watchedRoles;
}

function listen(
  { settings, logger }: SystemOptions,
  parts: RunningParts,
  health: HealthBoard,
  sampler: Sampler,
): OperationsServer {
  const { ledger } = parts;
  const { host, port } = settings.operations;
  const windows = recordWindows(settings);
  const deadLetters = new DeadLetters({ letters: ledger.deadLetters, orders: ledger.orders, windows, logger });
  const internalSecret = new InternalSecret(settings.backend.internal_secret);
  try {
    return startOperationsServer({
      ...{ host, port, health, deadLetters, internalSecret, logger },
      figures: () => sampler.figures,
      longestLists: () => sampler.longestLists,
      webServers: () => webServersOf(parts),
    });
  } catch (error) {
    const { code } = error as { code?: string };
    if (code !== "EADDRINUSE" && code !== "EACCES") throw error;
    const what = code === "EADDRINUSE" ? "is in use by another process" : "may not be used by this user";
    throw new StartError(
      `operations.port ${port} on ${host} ${what}: roles on one machine need a port each, for example by SECKILL_OPERATIONS_PORT`,
    );
  }
}

function webServersOf({ stock, gateway, quantity }: RunningParts): WebServers {
  return {
    ...(gateway && { gateway }),
    ...(quantity && { quantity }),
    ...(stock && {
      sale: { canSell: () => stock.catalogue.canSell(), report: () => stock.productHealth.report() },
    }),
  };
}

/** This process's heartbeats. */
class Beats {
  readonly #ledger: Ledger;
  readonly #details: () => string;
  readonly #identity: { readonly instance: string; readonly role: string; readonly host: string; startedAtMs: number };

  constructor({ role, clock }: SystemOptions, ledger: Ledger, details: () => string) {
    const host = hostname();
    const instance = `${host.slice(0, maxHostLength)}-${process.pid}-${crypto.randomUUID().slice(0, 8)}`;
    this.#identity = { instance, role, host, startedAtMs: clock.now() };
    this.#ledger = ledger;
    this.#details = details;
  }

  beat(): Promise<void> {
    return this.#ledger.heartbeats.beat({ ...this.#identity, details: this.#details() });
  }

  /** If the ledger is away, the others forget this process after a minute. */
  async leave(): Promise<void> {
    await this.#ledger.heartbeats.leave(this.#identity.instance);
  }
}

/** A success is reported by the queue itself, which knows all of its connections. */
function queueProbe(queue: ReservationQueue, sampler: Sampler, health: HealthBoard) {
  return {
    ask: async () => {
      sampler.note("seckill_queue_ready", (await queue.depth()).ready);
    },
    onFailure: (reason: string) => health.part("queue").down(reason),
  };
}

/** Products that nobody has. In a ring they are on different nodes. */
const probedProducts = Array.from({ length: 8 }, (_unused, index) => `probe-${index}`);

/** One node of a ring that is away closes its own products, and is no gate that is away: so any answer will do. */
async function anyAnswer(gate: Gate): Promise<void> {
  try {
    await Promise.any(probedProducts.map((id) => gate.status("probe", id)));
  } catch (error) {
    throw (error as AggregateError).errors[0];
  }
}

/** Also samples the outboxes that the relay is at work on. */
function gateProbe(gate: Gate, parts: RunningParts, sampler: Sampler, health: HealthBoard) {
  return {
    ask: async () => {
      const { relay } = parts;
      await anyAnswer(gate);
      if (relay === undefined) return;
      const busy = relay.busyProducts.slice(0, maxSampledOutboxes);
      const statuses = await Promise.all(busy.map(({ saleId, id }) => gate.status(saleId, id)));
      const lengths = statuses.map((status) => status?.outboxLength ?? 0);
      sampler.note(
        "seckill_outbox_length",
        lengths.reduce((sum, length) => sum + length, 0),
      );
    },
    onAnswer: () => health.part("gate").ok(),
    onFailure: (reason: string) => health.part("gate").down(reason),
  };
}
