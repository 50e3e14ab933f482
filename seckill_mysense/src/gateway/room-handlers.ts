import type { Revocations } from "../authorization/revocations.ts";
import type { RoomPass } from "../authorization/room-passes.ts";
import {
  enterRoom,
  readRoom,
  readRoomDisclosure,
  readRoomHeads,
  readRoomRules,
  readRoomWork,
  type RoomView,
  watchRoom,
} from "../contract/rooms.ts";
import type { LedgerRooms } from "../ledger/rooms.ts";
import { announcementOf, discloseRoom, publicValueOf, rulesOf } from "../rooms/disclosure.ts";
import type { Catalogue } from "./catalogue.ts";
import { describeRoom } from "./describe-room.ts";
import { answerWith, type EventStreams } from "./event-streams.ts";
import type { FollowedRoom } from "./followed-room.ts";
import type { InvitedUsers } from "./invited-users.ts";
import { limitedStream } from "./limited-stream.ts";
import { type GatewayApp, mountEndpoint, type MountOptions, type Refusal } from "./mount-endpoint.ts";
import type { Entered } from "./repeated-entries.ts";
import type { RoomVisitors } from "./room-visitors.ts";
import type { RiskyTry, StepUp } from "./step-up.ts";

export interface RoomHandlerOptions {
  readonly rooms: Pick<LedgerRooms, "state" | "entries">;
  readonly visitors: RoomVisitors;
  readonly invitedUsers: InvitedUsers;
  readonly catalogue: Catalogue;
  readonly streams: EventStreams;
  readonly revocations: Pick<Revocations, "isRevoked">;
  /** Undefined: no entry costs work, whatever the risk. */
  readonly stepUp: StepUp | undefined;
  /** Whether accounts without an invitation, from before, may not buy. */
  readonly isByInvitation: boolean;
}

/** Downloads that run at a time, one for each address: each reads all entries from the ledger. */
const maxDisclosures = 4;
/** A million entries are 60 MB. Whoever takes longer keeps others from theirs. */
const downloadWithinMs = 600_000;

export function mountRooms(app: GatewayApp, mount: MountOptions, options: RoomHandlerOptions): void {
  const { visitors, catalogue, stepUp } = options;
  const saleOf = (id: string) => catalogue.sale(id)?.sale;
  const find = (saleId: string): FollowedRoom | Refusal<"room_not_found" | "room_unavailable"> => {
    const followed = visitors.find(saleId);
    if (followed?.state !== undefined) return followed;
    if (saleOf(saleId)?.room === undefined) return { failure: "room_not_found" };
    return { failure: "room_unavailable", retryAfterSeconds: 1 };
  };
  const viewOf = (followed: FollowedRoom, pass: RoomPass | undefined) => {
    const view = describeRoom(followed, pass);
    if (pass === undefined) return { view, cookies: [] };
    const endsAtMs = saleOf(followed.room.saleId)?.endsAtMs ?? 0;
    const { text, cookie } = visitors.write(pass, { lastsMs: endsAtMs - followed.nowMs() });
    return { view: { ...view, pass: text }, cookies: [cookie] };
  };

  const entryAnswer = (followed: FollowedRoom, { pass, receipt }: Entered) => {
    const { view, cookies } = viewOf(followed, pass);
    return { ok: { ...view, receipt: { ...receipt } }, cookies };
  };

  /** The room of a sale that goes on, or is still to come. */
  const findRunning = (saleId: string): ReturnType<typeof find> | Refusal<"sale_ended"> => {
    const followed = find(saleId);
    if ("failure" in followed) return followed;
    const sale = saleOf(saleId);
    const isOver = sale === undefined || sale.state === "cancelled" || followed.nowMs() >= sale.endsAtMs;
    return isOver ? { failure: "sale_ended" } : followed;
  };

  mountEndpoint(app, enterRoom, mount, async ({ body, session, address }) => {
    if (options.isByInvitation && !session.isPerson) return { failure: "invitation_required" };
    const followed = findRunning(body.saleID);
    if ("failure" in followed) return followed;
    const early = refusalBeforeEntry(followed);
    if (early !== undefined) return early;
    const { userId } = session;
    const known = await knownBefore(options, followed, userId);
    if (known !== undefined) return "failure" in known ? known : entryAnswer(followed, known);
    const uninvited = await options.invitedUsers.refusal(saleOf(body.saleID)!, session);
    if (uninvited !== undefined) return uninvited;
    // Before the check: accounts that come at one moment would all find that no other has come.
    await stepUp?.usesAccount(address, userId);
    const refused = await stepUp?.check(entryOf(body.saleID, userId, address), body.work);
    if (refused !== undefined) return refused;
    const entered = await enter(visitors, followed, userId);
    return "failure" in entered ? entered : entryAnswer(followed, entered);
  });

  mountEndpoint(app, readRoomWork, mount, async ({ query, session, address }) => {
    const followed = findRunning(query.saleID);
    if ("failure" in followed) return followed;
    const { userId } = session;
    if (stepUp === undefined || (await knownBefore(options, followed, userId)) !== undefined) return { ok: null };
    return { ok: await stepUp.challenge(entryOf(query.saleID, userId, address)) };
  });

  // A pass says who asks: without a session, its visitor has the same limit.
  const byPass: MountOptions = { ...mount, visitorOf: (request) => visitors.nameIn(request) };
  mountEndpoint(app, readRoom, byPass, async ({ query, session, request }) => {
    const followed = findRunning(query.saleID);
    if ("failure" in followed) return followed;
    const userId = session?.userId;
    // Before the entry nobody has a number, and many wait for it.
    if (userId !== undefined && followed.nowMs() >= followed.room.opensAtMs) {
      const { view, cookies } = viewOf(followed, await visitors.passOfUser(followed, userId, request));
      return { ok: view, cookies };
    }
    return { ok: viewOf(followed, visitors.passIn(followed, request)).view };
  });

  mountEvents(app, mount, { ...options, findRunning });
  mountStatements(app, mount, { ...options, find });
}

const entryOf = (saleId: string, userId: string, address: string): RiskyTry => ({
  ...{ action: "enter", subject: JSON.stringify([saleId, userId]), address },
});

function notOpen(followed: FollowedRoom): Refusal<"room_not_open"> {
  const { opensAtMs } = followed.room;
  const retryAfterSeconds = Math.max(1, Math.ceil((opensAtMs - followed.nowMs()) / 1_000));
  return { failure: "room_not_open", opensAtMs, retryAfterSeconds };
}

/** At the very moment of the opening the ledger's clock decides. */
function refusalBeforeEntry(followed: FollowedRoom): Refusal<"room_not_open"> | undefined {
  return followed.room.opensAtMs - followed.nowMs() > followed.errorMs ? notOpen(followed) : undefined;
}

/** What a try to enter would come to, as far as it is known without one: nobody has to compute for that. */
async function knownBefore(
  { visitors, stepUp }: Pick<RoomHandlerOptions, "visitors" | "stepUp">,
  followed: FollowedRoom,
  userId: string,
): Promise<Entered | Refusal<"room_closed"> | undefined> {
  const repeated = visitors.repeated(followed, userId);
  const isClosed = isSurelyClosed(followed);
  if (repeated !== undefined || (stepUp === undefined && !isClosed)) return repeated;
  return (await visitors.findEntered(followed, userId)) ?? (isClosed ? { failure: "room_closed" } : undefined);
}

async function enter(visitors: RoomVisitors, followed: FollowedRoom, userId: string) {
  const outcome = await visitors.enter(followed, userId);
  if (!("kind" in outcome)) return outcome;
  if (outcome.kind === "closed") return { failure: "room_closed" } as const;
  return outcome.kind === "full" ? ({ failure: "room_full" } as const) : notOpen(followed);
}

/** Nobody enters a ballot after its closing. At that very moment the ledger's clock decides. */
function isSurelyClosed(followed: FollowedRoom): boolean {
  const { room, state, errorMs } = followed;
  if (room.mode !== "ballot") return false;
  return state?.drawn !== undefined || followed.nowMs() - (room.closesAtMs ?? Infinity) > errorMs;
}

interface EventOptions extends RoomHandlerOptions {
  readonly findRunning: (
    saleId: string,
  ) => FollowedRoom | Refusal<"room_not_found" | "room_unavailable"> | Refusal<"sale_ended">;
}

function mountEvents(
  app: GatewayApp,
  mount: MountOptions,
  { visitors, streams, revocations, findRunning }: EventOptions,
): void {
  mountEndpoint(app, watchRoom, mount, async ({ query, session, request }) => {
    const followed = findRunning(query.saleID);
    if ("failure" in followed) return followed;
    const { userId, mark } = session;
    const pass = await visitors.passOfUser(followed, userId, request);
    if (pass === undefined) return { failure: "room_required" };
    const stream = streams.watch({
      ...{ userId, signal: request.signal, everyMs: roomEventsEveryMs, isNews: isRoomNews, isFinal: isRoomEnd },
      isRevoked: () => revocations.isRevoked(userId, mark),
      first: describeRoom(followed, pass),
      look: async () => {
        const now = findRunning(query.saleID);
        return "failure" in now ? undefined : describeRoom(now, pass);
      },
    });
    return answerWith(stream);
  });
}

/** A stream costs a look into memory and a message in this time. */
const roomEventsEveryMs = 1_000;

function isRoomNews(told: RoomView, now: RoomView): boolean {
  if (told.state !== now.state || told.onHold !== now.onHold || told.beginsAtMs !== now.beginsAtMs) return true;
  return ["waiting", "listed"].includes(now.state) && told.admitted !== now.admitted;
}

/** From then on the visitor acts, and a token tells more than a stream. */
const isRoomEnd = ({ state }: RoomView): boolean => ["admitted", "used", "expired"].includes(state);

interface StatementOptions extends RoomHandlerOptions {
  readonly find: (saleId: string) => FollowedRoom | Refusal<"room_not_found" | "room_unavailable">;
}

/** What the shop tells everybody, so that the draw can be checked. */
function mountStatements(app: GatewayApp, mount: MountOptions, { rooms, find }: StatementOptions): void {
  mountEndpoint(app, readRoomRules, mount, ({ query }) => {
    const followed = find(query.saleID);
    if ("failure" in followed) return followed;
    const { room } = followed;
    return { ok: { rules: { ...rulesOf(room) }, hash: Buffer.from(room.rulesHash).toString("hex") } };
  });

  mountEndpoint(app, readRoomHeads, mount, ({ query }) => {
    const followed = find(query.saleID);
    if ("failure" in followed) return followed;
    const { room, state } = followed;
    const announcement = state && announcementOf(room, state);
    const publicValue = state && publicValueOf(room, state);
    return {
      ok: {
        heads: followed.heads().map((head) => ({ ...head })),
        ...(announcement && { announcement: { ...announcement } }),
        ...(publicValue && { publicValue: { ...publicValue } }),
      },
    };
  });

  const downloading = new Set<string>();
  mountEndpoint(app, readRoomDisclosure, mount, async ({ query, address }) => {
    const followed = find(query.saleID);
    if ("failure" in followed) return followed;
    if (downloading.has(address)) return { failure: "address_limited", retryAfterSeconds: 5 };
    if (downloading.size >= maxDisclosures) return { failure: "overloaded", retryAfterSeconds: 5 };
    // Counted before the ledger is asked: others may come meanwhile.
    downloading.add(address);
    const onEnd = (): void => void downloading.delete(address);
    let body: ReadableStream<Uint8Array> | undefined;
    try {
      const state = await rooms.state(followed.room.id);
      const pieces = state && discloseRoom(rooms, followed.room, state);
      body = pieces && limitedStream(pieces, { withinMs: downloadWithinMs, onEnd });
    } finally {
      if (body === undefined) onEnd();
    }
    if (body === undefined) return { failure: "room_not_drawn" };
    return new Response(body, { headers: { "content-type": readRoomDisclosure.okContentType } });
  });
}
