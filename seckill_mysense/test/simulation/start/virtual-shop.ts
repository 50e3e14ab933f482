import { assembleAuthorization, type AuthorizationParts } from "../../../src/gateway/authorization-parts.ts";
import { ReservationIds } from "../../../src/authorization/reservation-ids.ts";
import type { RoomPass } from "../../../src/authorization/room-passes.ts";
import { SaleTokens } from "../../../src/authorization/sale-token.ts";
import type { TryKind } from "../../../src/authorization/authorizer.ts";
import type { RoomView } from "../../../src/contract/rooms.ts";
import type { RoomSettings } from "../../../src/domain/room.ts";
import { describeRoom } from "../../../src/gateway/describe-room.ts";
import { openRooms, type RoomParts } from "../../../src/gateway/room-parts.ts";
import { HealthBoard } from "../../../src/health/health-board.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { silentLogger } from "../../../src/logging/logger.ts";
import { type RoomKeeper, startRoomKeeper } from "../../../src/rooms/room-keeper.ts";
import { checkSettings } from "../../../src/settings/load-settings.ts";
import { MemoryGate } from "../../fakes/memory-gate.ts";
import { testProduct, testSecret } from "../../fakes/test-gateway.ts";
import { openTestLedger } from "../../fakes/test-ledger.ts";
import type { VirtualTime } from "./virtual-time.ts";

const { id: productId, saleId } = testProduct;
const [keptEveryMs, readEveryMs] = [250, 500];
const endsAfterMs = 3_600_000;

interface VirtualSale {
  readonly id: string;
  readonly startsAtMs: number;
  readonly room?: RoomSettings | undefined;
}

/** Undefined: refused by the limits, so that the request went no further. */
type Limited<Answer> = Promise<Answer | undefined>;

/**
 * The sale's own parts at a virtual clock, put together as a gateway does it: the limits per user with their defaults, the
 * ledger, the room and its keeper, the tokens. The gate is the one in memory, which passes the gate's contract suite.
 */
export class VirtualShop implements AsyncDisposable {
  readonly gate: MemoryGate;
  readonly #time: VirtualTime;
  readonly #ledger: Ledger;
  readonly #authorization: AuthorizationParts;
  readonly #rooms: RoomParts;
  readonly #keeper: RoomKeeper;
  readonly #tokens = new SaleTokens([testSecret]);
  readonly #ids = new ReservationIds([testSecret]);
  readonly #sale: VirtualSale;
  /** How many requests the limits refused. */
  readonly refusals = { people: 0, bots: 0 };
  /** Users whose last request was refused, with the pause that they were asked for, in milliseconds. */
  readonly #waits = new Map<string, number>();

  private constructor(time: VirtualTime, ledger: Ledger, gate: MemoryGate, sale: VirtualSale) {
    this.#time = time;
    this.#ledger = ledger;
    this.gate = gate;
    this.#sale = sale;
    const now = (): number => Math.floor(time.nowMs);
    const elapsedMs = (): number => time.nowMs;
    const settings = checkSettings({ limits: { tracked_keys: 1_000_000 } }, "/");
    const health = new HealthBoard({ logger: silentLogger, now });
    const common = { settings, secrets: [testSecret], logger: silentLogger, now, elapsedMs };
    this.#authorization = assembleAuthorization(common);
    this.#rooms = openRooms({ ...common, ledger, health }, { index: 0 });
    this.#keeper = startRoomKeeper({ rooms: ledger.rooms, logger: silentLogger, now, intervalMs: 3_600_000 });
    this.#tokens.setSales([saleId]);
  }

  static async open(
    time: VirtualTime,
    { units, startsAtMs, room }: { readonly units: number; readonly startsAtMs: number; readonly room?: RoomSettings },
  ): Promise<VirtualShop> {
    const now = (): number => Math.floor(time.nowMs);
    const [ledger, gate] = [await openTestLedger(now), new MemoryGate(now)];
    const sale = { id: saleId, title: "Spring", startsAtMs, endsAtMs: startsAtMs + endsAfterMs, room };
    const product = { ...testProduct, total: units, limitPerUser: 1 };
    await ledger.sales.create(sale, [product]);
    await gate.arm(sale, product, units);
    const shop = new VirtualShop(time, ledger, gate, sale);
    shop.#every(keptEveryMs, () => shop.#keeper.round());
    shop.#every(readEveryMs, () => shop.#readRoom());
    return shop;
  }

  #every(ms: number, work: () => Promise<void>): void {
    const again = async (): Promise<void> => {
      await work();
      this.#time.after(ms, again);
    };
    this.#time.after(0, again);
  }

  /** A gateway computes the places beside its readings. Here that takes no time. */
  async #readRoom(): Promise<void> {
    const { roomFollower } = this.#rooms;
    await roomFollower.read();
    const followed = roomFollower.of(saleId);
    while (followed?.state?.seed !== undefined && followed.placeOf(1) === undefined) await Bun.sleep(0);
  }

  get isSoldOut(): boolean {
    return this.gate.stocks.get(productId)!.available === 0;
  }

  /** An account for a verified person. False if the person has one already. */
  async register(userId: string, personId: string): Promise<boolean> {
    const user = {
      id: userId,
      name: userId,
      personId,
      passwordHash: "none",
      createdAtMs: Math.floor(this.#time.nowMs),
    };
    return (await this.#ledger.users.create(user)) === "created";
  }

  /** Counts one request of a user. */
  #mayAsk(kind: TryKind, userId: string): boolean {
    const verdict = this.#authorization.local.decide({ kind, userId });
    if (verdict.kind === "allowed") {
      this.#waits.delete(userId);
      return true;
    }
    this.refusals[userId.startsWith("bot") ? "bots" : "people"]++;
    if ("waitMs" in verdict) this.#waits.set(userId, verdict.waitMs);
    return false;
  }

  /** What `Retry-After` has told the user, if its last request was refused, in milliseconds. */
  waitMsOf(userId: string): number {
    return this.#waits.get(userId) ?? 0;
  }

  async enter(userId: string): Limited<RoomPass> {
    if (!this.#mayAsk("room", userId)) return undefined;
    const followed = this.#rooms.roomFollower.of(saleId)!;
    const entered = await this.#rooms.visitors.enter(followed, userId);
    return "pass" in entered ? entered.pass : undefined;
  }

  look(userId: string, pass: RoomPass): RoomView | undefined {
    if (!this.#mayAsk("room", userId)) return undefined;
    return describeRoom(this.#rooms.roomFollower.of(saleId)!, pass);
  }

  async token(userId: string, pass: RoomPass | undefined): Limited<string> {
    if (!this.#mayAsk("api", userId)) return undefined;
    const { visitors } = this.#rooms;
    const headers = pass === undefined ? {} : { "x-room-pass": visitors.write(pass, { lastsMs: 1 }).text };
    const request = new Request("http://shop", { headers });
    const admission = await visitors.admit(this.#sale, { userId }, request, { isAlsoAfter: false });
    if ("failure" in admission) return undefined;
    return this.#tokens.issue({
      ...{ saleId, productId, userId, reservationId: this.#ids.create(userId, productId) },
      ...{ notBeforeMs: this.#sale.startsAtMs, expiresAtMs: this.#sale.startsAtMs + endsAfterMs },
      queuePosition: admission.place,
    });
  }

  /** Whether the user holds a unit now. Undefined: not decided, ask again. */
  async check(token: string): Limited<boolean> {
    const claims = this.#tokens.read(token);
    if (typeof claims === "string" || claims.productId === undefined)
      throw new Error("a token of the shop is not read");
    const { userId, reservationId } = claims;
    if (!this.#mayAsk("check", userId)) return undefined;
    const { kind } = await this.gate.reserve({ saleId, productId, userId, reservationId });
    if (kind === "accepted" || kind === "replay") return true;
    return kind === "sold_out" ? false : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keeper.stop();
    await this.#ledger.close();
  }
}
