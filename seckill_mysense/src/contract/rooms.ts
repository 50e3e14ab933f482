import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { saleId, timestampMs } from "./identifiers.ts";
import { workChallenge, workText } from "./work.ts";

/** How a room decides who comes in, and when. */
export const roomMode = z.enum(["draw", "queue", "ballot"]);

export const roomPlaceState = z.enum([
  "before",
  "open",
  "closed",
  "entered",
  "drawing",
  "won",
  "listed",
  "waiting",
  "admitted",
  "used",
  "expired",
]);
export type RoomPlaceState = z.infer<typeof roomPlaceState>;

const count = z.number().int().nonnegative();

export const roomView = z.object({
  saleID: saleId,
  state: roomPlaceState.describe(
    "before: the entry is not open yet. open: it is, and the asker has not entered. closed: a ballot takes no entries any " +
      "more, and the asker has not entered. entered: the order is not known yet. " +
      "drawing: the entry is closed, and the order is being drawn. waiting: with place and waitSeconds. admitted: a token is " +
      "issued before untilMs. used: a token was issued. expired: none was, and the place has gone to others. In a ballot " +
      "won: the place is one of the winners, whose window begins at beginsAtMs. listed: it is not, and gets what winners " +
      "leave, in the order of the places. admitted: tokens are issued, and valid, before untilMs. expired: the window is over, " +
      "and who holds no order then has passed the place on.",
  ),
  mode: roomMode,
  winners: count.optional().describe("Of a ballot: how many of the drawn places win."),
  serverTimeMs: timestampMs.describe("The clock of the book of orders, which decides about all moments of a room."),
  opensAtMs: timestampMs,
  closesAtMs: timestampMs.optional().describe("Of a draw: entries before it are drawn, later ones stand behind them."),
  beginsAtMs: timestampMs.optional().describe("When the first one is admitted, as soon as it is known."),
  onHold: z.boolean().describe("Nobody is admitted until an operator opens the room."),
  entries: count.describe("How many have entered, about half a second old."),
  admitted: count.describe("How many places have been admitted."),
  number: count.optional().describe("The entry's number in the order of coming."),
  place: count.optional().describe("The place in the order of admission."),
  waitSeconds: z
    .number()
    .nonnegative()
    .optional()
    .describe("With waiting: at the rate of now. It gets shorter when places of others are passed on."),
  waitErrorSeconds: z.number().nonnegative().optional().describe("By how much waitSeconds may be wrong at this rate."),
  untilMs: timestampMs
    .optional()
    .describe("With admitted and won: until when a token is issued, and in a ballot is valid, by serverTimeMs."),
  askAgainSeconds: z.number().positive().describe("When asking again may tell something new."),
  pass: z.string().optional().describe("For the header X-Room-Pass. A browser gets it as a cookie."),
});
export type RoomView = z.infer<typeof roomView>;

const receipt = z
  .looseObject({ format: z.string(), number: count, signature: z.string() })
  .describe("The shop's signature that the entry has this number: keep it. fair-draw says how it is checked.");

const ofSale = z.object({ saleID: saleId });

export const enterRoom = endpoint({
  method: "POST",
  path: "/api/room",
  summary: "Enters the waiting room of a sale. Whoever has entered gets the same number and receipt again.",
  authorization: "session",
  limit: "room",
  body: z.strictObject({ saleID: saleId, work: workText }),
  ok: roomView.extend({ receipt }),
  failures: [
    "session_required",
    "invitation_required",
    "work_required",
    "work_invalid",
    "code_required",
    "room_not_found",
    "room_not_open",
    "room_closed",
    "room_full",
    "room_unavailable",
    "sale_ended",
  ],
});

export const readRoomWork = endpoint({
  method: "GET",
  path: "/api/room/work",
  summary: "What a browser has to compute before this user can enter the room: as GET /api/work, or null for nothing.",
  authorization: "session",
  limit: "room",
  query: ofSale,
  ok: workChallenge.nullable(),
  failures: ["session_required", "room_not_found", "room_unavailable", "sale_ended"],
});

export const readRoom = endpoint({
  method: "GET",
  path: "/api/room",
  summary: "Tells about the room, and where the asker stands: by the header X-Room-Pass, or by the session.",
  limit: "room",
  query: ofSale,
  ok: roomView,
  failures: ["room_not_found", "room_unavailable", "sale_ended"],
});

export const watchRoom = endpoint({
  method: "GET",
  path: "/api/room/events",
  summary:
    "Where a user stands who has entered, as server-sent events: one `status` event now, then one a second while something " +
    "changes, until it is the user's turn or the window is over.",
  authorization: "session",
  limit: "room",
  query: ofSale,
  ok: z.string(),
  okContentType: "text/event-stream",
  failures: [
    "session_required",
    "room_required",
    "room_not_found",
    "room_unavailable",
    "sale_ended",
    "too_many_listeners",
  ],
});

export const readRoomRules = endpoint({
  method: "GET",
  path: "/api/room/rules",
  summary: "The rules of the room as they were published with the sale, for fair-draw.",
  query: ofSale,
  ok: z.object({
    rules: z.looseObject({ format: z.string() }),
    hash: z.string().describe("The rules' name in all statements, hexadecimal."),
  }),
  failures: ["room_not_found", "room_unavailable"],
});

const statement = z.looseObject({ format: z.string(), signature: z.string() });

export const readRoomHeads = endpoint({
  method: "GET",
  path: "/api/room/heads",
  summary: "The latest signed heads of the line of entries, and what is announced of the draw.",
  query: ofSale,
  ok: z.object({
    heads: z.array(statement).describe("The oldest first. A gateway shows those that it has seen."),
    announcement: statement.optional().describe("Which entries are drawn."),
    publicValue: z.looseObject({ kind: z.string() }).optional(),
  }),
  failures: ["room_not_found", "room_unavailable"],
});

export const readRoomDisclosure = endpoint({
  method: "GET",
  path: "/api/room/disclosure",
  summary: "All that verify-draw needs to compute the order again. For anybody, once the order is known.",
  query: ofSale,
  ok: z.string(),
  okContentType: "text/plain; charset=utf-8",
  failures: ["room_not_found", "room_not_drawn", "room_unavailable"],
});
