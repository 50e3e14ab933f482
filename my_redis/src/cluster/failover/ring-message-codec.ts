import type { RingMessage } from "../agreement/ring-message.ts";
import type { RingTable } from "../agreement/ring-table.ts";

/** Messages are few and short: some each heartbeat, and the table only when it changes. */
export const encodeMessage = (message: RingMessage): Uint8Array => Buffer.from(JSON.stringify(message), "utf8");

const isNumber = (value: unknown): boolean => typeof value === "number";
const isText = (value: unknown): boolean => typeof value === "string";

function hasFields(value: unknown, fields: Readonly<Record<string, (field: unknown) => boolean>>): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(fields).every(([name, fits]) => fits((value as Record<string, unknown>)[name]));
}

const listOf =
  (fits: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.every(fits);
const optional =
  (fits: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === undefined || fits(value);

const isTrue = (value: unknown): boolean => value === true;
const isCopy = (value: unknown): boolean => hasFields(value, { node: isText, run: isNumber });
const isStamp = (value: unknown): boolean => hasFields(value, { term: isNumber, version: isNumber });
const isPosition = (value: unknown): boolean => hasFields(value, { epoch: isNumber, offset: isNumber });
const isSeat = (value: unknown): boolean =>
  hasFields(value, {
    name: isText,
    nodes: listOf(isText),
    primary: isCopy,
    epoch: isNumber,
    revision: isNumber,
    inSync: listOf(isCopy),
    isGivenUp: optional(isTrue),
    awaited: optional(listOf(isText)),
  });

const isSpan = (value: unknown): boolean => hasFields(value, { start: isNumber, end: isNumber });
const isRange = (value: unknown): boolean => isSpan(value) && hasFields(value, { owner: isText });
const isMove = (value: unknown): boolean =>
  hasFields(value, {
    id: isNumber,
    attempt: isNumber,
    retries: isNumber,
    from: isText,
    to: isText,
    spans: listOf(isSpan),
    isPassing: optional(isTrue),
  });
const isSlotMap = (value: unknown): boolean =>
  hasFields(value, {
    owners: listOf(isRange),
    goal: optional(listOf(isRange)),
    moves: listOf(isMove),
    batch: isNumber,
  });

export const isTable = (value: unknown): value is RingTable =>
  hasFields(value, {
    version: isNumber,
    voters: listOf(isText),
    formerVoters: optional(listOf(isText)),
    acknowledgement: (word) => word === "replica" || word === "primary",
    seats: listOf(isSeat),
    slots: optional(isSlotMap),
  });

const isStored = (value: unknown): boolean => hasFields(value, { term: isNumber, table: isTable });
const isHandOver = (value: unknown): boolean =>
  hasFields(value, { to: isCopy, leaves: (word) => typeof word === "boolean" });
const isWish = (value: unknown): boolean =>
  hasFields(value, { revision: isNumber, inSync: listOf(isCopy), handOver: optional(isHandOver) });
export const isCursor = (value: unknown): boolean =>
  hasFields(value, {
    move: isNumber,
    source: isPosition,
    snapshot: isNumber,
    parts: isNumber,
    isWhole: (whole) => typeof whole === "boolean",
    isFinal: optional(isTrue),
  });
const isReady = (value: unknown): boolean => hasFields(value, { move: isNumber, attempt: isNumber, epoch: isNumber });
const isArrival = (value: unknown): boolean => hasFields(value, { epoch: isNumber, cursor: isCursor });
const isMoveReport = (value: unknown): boolean =>
  hasFields(value, { ready: listOf(isReady), arrivals: listOf(isArrival) });
const isGrant = (value: unknown): boolean => hasFields(value, { run: isNumber, askedAtMs: isNumber });

const fieldsOf: Readonly<Record<RingMessage["type"], Readonly<Record<string, (field: unknown) => boolean>>>> = {
  canvass: { term: isNumber, stored: isStamp },
  support: { term: isNumber },
  candidacy: { term: isNumber, stored: isStamp, succeeds: optional(isTrue) },
  succeed: { term: isNumber },
  vote: { term: isNumber },
  heartbeat: {
    term: isNumber,
    sentAtMs: isNumber,
    stored: optional(isStored),
    committed: optional(isStamp),
    grant: optional(isGrant),
    knownRun: isNumber,
  },
  heard: {
    term: isNumber,
    sentAtMs: isNumber,
    run: isNumber,
    askedAtMs: isNumber,
    stored: isStamp,
    position: isPosition,
    holdsKeys: optional(isTrue),
    diskFails: optional(isTrue),
    wish: optional(isWish),
    moves: optional(isMoveReport),
  },
  outdated: { term: isNumber },
};

/** A message of another node; undefined when it is none. */
export function decodeMessage(bytes: Uint8Array): RingMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8"));
  } catch {
    return undefined;
  }
  const { type } = (value ?? {}) as { type?: unknown };
  if (typeof type !== "string" || !Object.hasOwn(fieldsOf, type)) return undefined;
  return hasFields(value, fieldsOf[type as RingMessage["type"]]) ? (value as RingMessage) : undefined;
}
