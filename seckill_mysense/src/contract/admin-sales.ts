import { z } from "zod";
import { maxAdmitPerSecond } from "../domain/room.ts";
import { maxUnits } from "../domain/sale.ts";
import { endpoint } from "./endpoint.ts";
import { changeId, productId, saleId } from "./identifiers.ts";
import { roomMode } from "./rooms.ts";
import { moment, saleDocument, saleUpdate, shownContent, shownSale } from "./sale-document.ts";

const params = z.object({ id: saleId });
/** A word that is misspelt is refused: a pause of one product would otherwise be one of the whole sale. */
const asker = z.strictObject({
  by: z.string().min(1).max(200).optional().describe("Who asks, for the log of changes."),
  change: changeId.optional().describe("The id of this change: a repeated request with the same one counts once."),
});
const change = asker.extend({
  expected_version: z.coerce.number().int().min(1).optional().describe("Refused when the sale has another version."),
});
const changeOfSale = {
  authorization: "internal",
  method: "POST",
  params,
  query: change,
  ok: shownContent,
  failures: ["internal_secret_wrong", "sale_not_found", "sale_conflict", "units_gone", "gate_behind"],
} as const;

const listSales = endpoint({
  authorization: "internal",
  method: "GET",
  path: "/api/admin/sales",
  summary: "Lists all sales, drafts and cancelled ones among them.",
  ok: z.object({ sales: z.array(shownSale) }),
  failures: ["internal_secret_wrong"],
});

const readSale = endpoint({
  authorization: "internal",
  method: "GET",
  path: "/api/admin/sales/:id",
  summary: "Reads one sale with its products.",
  params,
  ok: shownContent,
  failures: ["internal_secret_wrong", "sale_not_found"],
});

const readChanges = endpoint({
  authorization: "internal",
  method: "GET",
  path: "/api/admin/sales/:id/changes",
  summary: "The log of changes of a sale, the newest first.",
  params,
  query: z.strictObject({ limit: z.coerce.number().int().min(1).max(1_000).default(100) }),
  ok: z.object({ changes: z.array(z.object({}).loose()) }),
  failures: ["internal_secret_wrong", "sale_not_found"],
});

const createSale = endpoint({
  authorization: "internal",
  method: "POST",
  path: "/api/admin/sales",
  summary: "Makes a sale, and publishes it unless it is to be a draft.",
  query: asker.extend({ draft: z.enum(["true", "false"]).optional() }),
  body: saleDocument,
  ok: shownContent,
  okStatuses: [201],
  failures: ["internal_secret_wrong", "sale_conflict"],
});

const updateSale = endpoint({
  ...changeOfSale,
  path: "/api/admin/sales/:id/update",
  summary: "Changes what the body names: title, times, products. Products that the sale does not have are added.",
  body: saleUpdate,
});

const restockProduct = endpoint({
  ...changeOfSale,
  path: "/api/admin/sales/:id/restock",
  summary: "Adds units to a product, or takes them out with a negative number.",
  body: z.strictObject({ product: productId, units: z.int().min(-maxUnits).max(maxUnits) }),
});

const extendSale = endpoint({
  ...changeOfSale,
  path: "/api/admin/sales/:id/extend",
  summary: "Moves the end to a later moment.",
  body: z.strictObject({ ends_at: moment }),
});

const pauseQuery = change.extend({ product: productId.optional().describe("Only this product.") });
const pauseSale = endpoint({
  ...changeOfSale,
  path: "/api/admin/sales/:id/pause",
  query: pauseQuery,
  summary: "Sells nothing until it is resumed.",
});
const resumeSale = endpoint({
  ...changeOfSale,
  path: "/api/admin/sales/:id/resume",
  query: pauseQuery,
  summary: "Ends a pause.",
});

const publishSale = endpoint({
  ...changeOfSale,
  path: "/api/admin/sales/:id/publish",
  summary: "Puts a draft on sale.",
});
const endSale = endpoint({ ...changeOfSale, path: "/api/admin/sales/:id/end", summary: "Ends a running sale now." });
const cancelSale = endpoint({
  ...changeOfSale,
  path: "/api/admin/sales/:id/cancel",
  summary: "Stops a sale for good and releases its orders.",
});

const shownRoom = z
  .looseObject({ sale: saleId, mode: roomMode, phase: z.string(), entries: z.number().int() })
  .describe("As `sale room show` shows it.");
const ofRoom = {
  authorization: "internal",
  params,
  ok: shownRoom,
  failures: ["internal_secret_wrong", "room_not_found"],
} as const;
const changeOfRoom = { ...ofRoom, method: "POST", query: asker.omit({ change: true }) } as const;

const readAdminRoom = endpoint({
  ...ofRoom,
  method: "GET",
  path: "/api/admin/sales/:id/room",
  summary: "What the waiting room of a sale does.",
});
const holdRoom = endpoint({
  ...changeOfRoom,
  path: "/api/admin/sales/:id/room/hold",
  summary: "Admits nobody until the room is opened.",
});
const openRoom = endpoint({ ...changeOfRoom, path: "/api/admin/sales/:id/room/open", summary: "Ends a hold." });
const rate = z.number().min(0.001).max(maxAdmitPerSecond);
const rateRoom = endpoint({
  ...changeOfRoom,
  path: "/api/admin/sales/:id/room/rate",
  summary: "Admits more or fewer from now on.",
  body: z.union([z.strictObject({ per_second: rate }), z.strictObject({ least: rate, most: rate })]),
});
const publishRoomValue = endpoint({
  ...changeOfRoom,
  path: "/api/admin/sales/:id/room/value",
  summary: "Gives the draw its public value: the beacon's answer, or the witnesses' signatures.",
  body: z.looseObject({}),
});

/** The interface for merchants, on a listener of its own. */
export const adminEndpoints = {
  listSales,
  readSale,
  readChanges,
  createSale,
  updateSale,
  restockProduct,
  extendSale,
  pauseSale,
  resumeSale,
  publishSale,
  endSale,
  cancelSale,
  readAdminRoom,
  holdRoom,
  openRoom,
  rateRoom,
  publishRoomValue,
} as const;
