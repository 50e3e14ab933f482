import { readFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { z } from "zod";
import { describeIssues } from "../contract/describe-issues.ts";
import {
  describeStrayUpdate,
  moment,
  saleDocument,
  saleOf,
  saleUpdate,
  showContent,
  showSale,
  updateOf,
} from "../contract/sale-document.ts";
import type { CheckPrice } from "../domain/price.ts";
import type { SaleChange } from "../domain/sale-change.ts";
import type { SaleContent } from "../domain/sale.ts";
import { UnitsGoneError } from "../ledger/changes.ts";
import { InvalidSaleError, SaleConflictError } from "../ledger/ledger-errors.ts";
import { checkNewSale } from "../ledger/check-sale.ts";
import type { Gate } from "../gate/gate.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Logger } from "../logging/logger.ts";
import { priceCheck } from "../payments/price-check.ts";
import { checkPrices } from "../sales/check-prices.ts";
import { GateBehindError, SaleService, UnknownSaleError } from "../sales/sale-service.ts";
import { NoRoomError, RoomService } from "../rooms/room-service.ts";
import { hasNoGate } from "../settings/load-settings.ts";
import type { Settings } from "../settings/settings.ts";
import type { Clock } from "../time/clock.ts";
import { parseJsonFile } from "../settings/json-place.ts";
import { runningGate } from "./running-gate.ts";
import type { SaleAction, SaleCommandLine } from "./sale-task.ts";
import { renderHistory, renderSale, renderSales } from "./render-sales.ts";
import { CodeService } from "../sales/code-service.ts";
import { runCodesAction } from "./sale-codes-command.ts";
import { runRoomAction } from "./sale-room-command.ts";
import { StartError } from "./start-error.ts";
import { openLedger, openLedgerGate, prepareLedger } from "./system-parts.ts";

export interface SaleRoleOptions {
  readonly commandLine: SaleCommandLine;
  readonly settings: Settings;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
}

/** The outcome in both forms. */
interface Answer {
  readonly json: unknown;
  readonly text: string;
}

const historyLimit = 1_000;

/**
 * `refused`: nothing changed. `mistake`: a setting is wrong, and nothing changed. `recorded`: the ledger has the change,
 * and the gate does not have it yet. `unknown`: a part cannot be reached, and the change may have been made.
 */
export type SaleCommandEnd = "done" | "refused" | "mistake" | "recorded" | "unknown";

/** The classes of errors that say what is wrong: their names for programs, and what the command ends with. */
const expected = [
  { kind: InvalidSaleError, code: "invalid_sale", end: "refused" },
  { kind: SaleConflictError, code: "conflict", end: "refused" },
  { kind: NoRoomError, code: "room_not_found", end: "refused" },
  { kind: UnknownSaleError, code: "sale_not_found", end: "refused" },
  { kind: UnitsGoneError, code: "units_gone", end: "refused" },
  { kind: GateBehindError, code: "gate_behind", end: "recorded" },
  { kind: StartError, code: "cannot_start", end: "mistake" },
] as const;
/** What changes nothing, and may be repeated as often as you like. */
const readers: readonly SaleAction["kind"][] = ["validate", "list", "show"];
const unexpected = { code: "unknown_outcome", end: "unknown" } as const;

/** Runs one command of `sale`. If it is not done, it has printed why not. */
export async function runSaleCommand(options: SaleRoleOptions): Promise<SaleCommandEnd> {
  const { commandLine, print, printError } = options;
  const changeId = commandLine.changeId ?? crypto.randomUUID();
  try {
    const answer = await answerTo(options, changeId);
    print(commandLine.json ? JSON.stringify(answer.json) : answer.text);
    return "done";
  } catch (error) {
    const { code, end } = expected.find(({ kind }) => error instanceof kind) ?? unexpected;
    const message = error instanceof Error ? error.message : String(error);
    // What is done with a room may be repeated as it is. Codes that nobody has seen harm nobody.
    const isRepeatable = [...readers, "room", "codes"].includes(commandLine.action.kind);
    const advice = isRepeatable ? undefined : howToRepeat[end]?.(changeId);
    const change = advice === undefined ? {} : { change: changeId };
    if (commandLine.json) print(JSON.stringify({ error: code, message, ...change }));
    else printError(advice === undefined ? message : `${message}\n${advice}`);
    return end;
  }
}

/** A restock that is simply repeated would count twice. */
const howToRepeat: Partial<Record<SaleCommandEnd, (changeId: string) => string>> = {
  unknown: (id) => `The change may have been made. The same command with --change ${id} makes it once.`,
  recorded: (id) => `The same command with --change ${id} does not make it again; --wait SECONDS waits for the gate.`,
};

async function answerTo(options: SaleRoleOptions, changeId: string): Promise<Answer> {
  const { commandLine, settings, logger, clock } = options;
  const { action } = commandLine;
  const checkPrice = priceCheck(settings.payments.provider);
  if (action.kind === "validate") return validate(action.file, checkPrice);
  // A file that is wrong is told before anything is opened.
  const work = action.kind === "room" || action.kind === "codes" ? undefined : prepare(action, commandLine, changeId);
  await using cleanup = new AsyncDisposableStack();
  const ledger = openLedger(settings, clock.now);
  cleanup.defer(() => ledger.close());
  await prepareLedger(ledger, settings);
  const { actor = defaultActor() } = commandLine;
  if (action.kind === "codes") return await runCodesAction(action, new CodeService(ledger), actor);
  if (action.kind === "room") {
    return await runRoomAction(action, new RoomService(ledger), {
      actor,
      readValue: (file) => readJson(file, z.json()),
    });
  }
  const needsNoGate = readers.includes(action.kind) || action.kind === "create";
  const gate = needsNoGate ? undefined : await gateOf(ledger, settings, logger);
  if (gate !== undefined) cleanup.defer(() => gate.close());
  const { changes, orders, gates } = ledger;
  return await work!(new SaleService({ changes, orders, gates, gate, checkPrice }));
}

async function gateOf(ledger: Ledger, settings: Settings, logger: Logger): Promise<Gate | undefined> {
  return hasNoGate(settings) ? openLedgerGate(ledger, settings) : runningGate(settings, logger);
}

function validate(file: string, checkPrice: CheckPrice): Answer {
  const { sale, products } = saleOf(readJson(file, saleDocument));
  checkNewSale(sale, products);
  checkPrices(sale.id, products, checkPrice);
  return { json: { valid: true }, text: `${file}: sale ${sale.id} with ${products.length} products is valid` };
}

function prepare(
  action: Exclude<SaleAction, { kind: "validate" | "room" | "codes" }>,
  { expectedVersion, actor = defaultActor(), waitSeconds }: SaleCommandLine,
  changeId: string,
): (service: SaleService) => Promise<Answer> {
  switch (action.kind) {
    case "list":
      return async (service) => {
        const sales = (await service.list()).map(showSale);
        return { json: sales, text: renderSales(sales) };
      };
    case "show":
      return async (service) => {
        const content = showContent(await service.read(action.id));
        if (!action.history) return { json: content, text: renderSale(content) };
        const history = await service.history(action.id, historyLimit);
        return { json: { ...content, history }, text: `${renderSale(content)}\n\n${renderHistory(history)}` };
      };
    case "create": {
      const { sale, products } = saleOf(readJson(action.file, saleDocument));
      const state = action.draft ? "draft" : "published";
      return async (service) => changed(await service.create(sale, products, { actor, state, changeId }));
    }
    default: {
      const change = changeOf(action);
      const waitMs = waitSeconds * 1_000;
      const changeOptions = { expectedVersion, actor, changeId, waitMs };
      return async (service) => changed(await service.change(action.id, change, changeOptions));
    }
  }
}

function changeOf(
  action: Exclude<SaleAction, { kind: "validate" | "room" | "codes" | "list" | "show" | "create" }>,
): SaleChange {
  switch (action.kind) {
    case "publish":
    case "end":
    case "cancel":
      return { kind: action.kind };
    case "pause":
    case "resume":
      return { kind: action.kind, productId: action.product };
    case "restock":
      return { kind: "restock", productId: action.product, units: action.units };
    case "extend": {
      if (!moment.safeParse(action.endsAt).success) {
        throw new InvalidSaleError(
          `--ends-at is ${JSON.stringify(action.endsAt)}: it must be a time with its offset, such as 2027-03-01T10:00:00Z`,
        );
      }
      return { kind: "extend", endsAtMs: Date.parse(action.endsAt) };
    }
    case "update": {
      const update = readJson(action.file, saleUpdate);
      const stray = describeStrayUpdate(action.id, update);
      if (stray === undefined) return updateOf(update);
      throw new InvalidSaleError(`${action.file}: ${stray}`);
    }
  }
}

function changed(content: SaleContent): Answer {
  const shown = showContent(content);
  return { json: shown, text: renderSale(shown) };
}

function readJson<Schema extends z.ZodType>(file: string, schema: Schema): z.infer<Schema> {
  let input: unknown;
  try {
    input = parseJsonFile(file, readFileSync(file === "-" ? 0 : file, "utf8"));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new InvalidSaleError(code === undefined ? message : `${file} cannot be read: ${code}`);
  }
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const problems = describeIssues(result.error.issues, { schema, input, name: "the file", isSecret: () => false });
  throw new InvalidSaleError(problems.map((problem) => `${file}: ${problem}`).join("\n"));
}

function defaultActor(): string {
  return `${userInfo().username}@${hostname()}`;
}
