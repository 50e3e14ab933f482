import { maxAdmitPerSecond } from "../../domain/room.ts";
import { maxCodesAtOnce } from "../../ledger/invitation-codes.ts";
import { rateChange } from "../../rooms/room-service.ts";
import { command } from "../command.ts";
import { parsed, required, text, whole, word } from "../option.ts";
import { UsageError } from "../usage-error.ts";
import { ofSales, readOptions, saleTask, writeOptions } from "./sales.ts";

const anId = word("the id of the sale");

function admissionRate(value: string, summary: string) {
  return parsed(value, summary, (given) => {
    const rate = Number(given);
    if (/^\d+(\.\d{1,3})?$/.test(given) && rate > 0 && rate <= maxAdmitPerSecond) return rate;
    throw new UsageError(`${JSON.stringify(given)} is not a number from 0.001 to ${maxAdmitPerSecond}`);
  });
}

const roomSummaries = { hold: "admits nobody until the room is opened", open: "ends a hold" } as const;

export const roomCommands = [
  command({
    ...ofSales,
    path: "sale room show",
    summary: "what the waiting room of a sale does",
    example: "sale room show spring",
    arguments: { id: anId },
    options: readOptions,
    toTask: ({ id }, asked) => saleTask({ kind: "room", does: "show", id }, asked),
  }),
  ...(["hold", "open"] as const).map((kind) =>
    command({
      ...ofSales,
      path: `sale room ${kind}`,
      summary: roomSummaries[kind],
      example: `sale room ${kind} spring --by ada`,
      arguments: { id: anId },
      options: writeOptions,
      toTask: ({ id }, asked) => saleTask({ kind: "room", does: "change", id, change: { kind } }, asked),
    }),
  ),
  command({
    ...ofSales,
    path: "sale room rate",
    summary: "admits more or fewer from now on",
    example: "sale room rate spring --per-second 80",
    arguments: { id: anId },
    options: {
      "per-second": admissionRate("n", `how many, from 0.001 to ${maxAdmitPerSecond}`),
      least: admissionRate("n", "with --most: follows the load of the checkout between both"),
      most: admissionRate("n", "with --least"),
      ...writeOptions,
    },
    toTask: ({ id }, { "per-second": perSecond, least, most, ...asked }) => {
      const change = rateChange(rateIn({ perSecond, least, most }));
      return saleTask({ kind: "room", does: "change", id, change }, asked);
    },
  }),
  command({
    ...ofSales,
    path: "sale room value",
    summary: "gives the draw its public value: the beacon's answer, or the witnesses' signatures",
    example: "sale room value spring value.json",
    arguments: { id: anId, file: word("the file with the value; - reads the standard input") },
    options: writeOptions,
    toTask: ({ id, file }, asked) => saleTask({ kind: "room", does: "value", id, file }, asked),
  }),
];

interface AskedRate {
  readonly perSecond: number | undefined;
  readonly least: number | undefined;
  readonly most: number | undefined;
}

function rateIn({ perSecond, least, most }: AskedRate) {
  if (perSecond !== undefined && least === undefined && most === undefined) return { perSecond };
  if (perSecond === undefined && least !== undefined && most !== undefined) return { least, most };
  throw new UsageError("give --per-second, or --least and --most");
}

export const codeCommands = [
  command({
    ...ofSales,
    path: "sale codes make",
    summary: "makes invitation codes, which nobody can read a second time",
    example: "sale codes make spring --count 100 --by ada",
    arguments: { id: anId },
    options: {
      count: whole("n", `so many, each for whoever comes first with it; at most ${maxCodesAtOnce}`, {
        ...{ least: 1, most: maxCodesAtOnce },
      }),
      names: text("file", "one for each name in the file, which only the user of this name may use"),
      ...writeOptions,
    },
    toTask: ({ id }, { count, names, ...asked }) => {
      if ((count === undefined) === (names === undefined)) throw new UsageError("give --count or --names, one of them");
      return saleTask({ kind: "codes", does: "make", id, count, names }, asked);
    },
  }),
  command({
    ...ofSales,
    path: "sale codes list",
    summary: "which codes were made, used and revoked",
    example: "sale codes list spring",
    arguments: { id: anId },
    options: readOptions,
    toTask: ({ id }, asked) => saleTask({ kind: "codes", does: "list", id }, asked),
  }),
  command({
    ...ofSales,
    path: "sale codes revoke",
    summary: "makes a code worth nothing, and ends the sessions of the user who has used it",
    example: "sale codes revoke spring --number 17",
    arguments: { id: anId },
    options: {
      number: required(whole("n", "the code's number, as list shows it", { least: 1, most: Number.MAX_SAFE_INTEGER })),
      ...writeOptions,
    },
    toTask: ({ id }, { number, ...asked }) => saleTask({ kind: "codes", does: "revoke", id, number }, asked),
  }),
];
