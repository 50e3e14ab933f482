import { z } from "zod";
import { productId } from "./identifiers.ts";

/** Some units of one product of a bundle. */
export const bundlePart = z.object({
  productID: productId,
  quantity: z.int().min(1),
  reservation: z
    .string()
    .describe("The id of this part in the book of orders. All addresses take the id of the whole bundle only."),
});
export type BundlePart = z.infer<typeof bundlePart>;

/** A part of a bundle that a reader is told about. */
export const readBundlePart = bundlePart.extend({
  status: z.string().describe("That of the whole bundle: its parts are won, paid and given back together."),
  productName: z.string().optional().describe("With an order: the name when the order was recorded."),
  priceMinor: z.int().optional().describe("With an order: the price of one unit when the order was recorded."),
});
