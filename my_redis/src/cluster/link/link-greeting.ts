import { type Announcement, readAnnouncement } from "../announced-endpoints.ts";
import type { RingTable } from "../agreement/ring-table.ts";
import type { RingGreeting } from "../failover/ring-membership.ts";
import { isTable } from "../failover/ring-message-codec.ts";
import type { MemberView } from "../members.ts";

/** To be raised whenever frames or what they mean change. */
export const linkVersion = 3;
/** The name of the command by which a connection becomes a link; it stands in no table that users see. */
export const linkCommand = "MYREDIS.LINK";
/** The beginning of the line that answers it. */
export const linkReply = "LINK ";

/** A node's introduction: its own data, and its view of the members. */
export interface NodeIntroduction {
  readonly version: number;
  readonly name: string;
  /** Differs after each start. */
  readonly runId: string;
  readonly databases: number;
  readonly view: MemberView;
  /** Missing on rings whose members are fixed. */
  readonly ring?: RingGreeting;
  /** Where clients reach it. Missing from a node of an earlier version. */
  readonly announced?: Announcement;
}

/** The first message on a link. */
export interface LinkGreeting extends NodeIntroduction {
  /** The node that the caller wants to reach. */
  readonly to: string;
  /** Grows with each link of this run. */
  readonly number: number;
}

/** The answer to a greeting. A refusal contains the view too. */
export interface LinkWelcome extends NodeIntroduction {
  /** Why there will be no link; empty when there is one. */
  readonly refusal: string;
  /** The ring's table, for a node that was a member and does not know that it is none any more. */
  readonly left?: RingTable;
}

const isText = (value: unknown): value is string => typeof value === "string" && value.length <= 1000;

function isView(value: unknown): value is MemberView {
  const view = value as Partial<MemberView> | null;
  if (typeof view !== "object" || view === null || !Array.isArray(view.names)) return false;
  return (
    view.names.length <= 1000 &&
    view.names.every(isText) &&
    isCount(view.virtualNodes) &&
    isCount(view.pointsPerVirtualNode)
  );
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function isRing(value: unknown): value is RingGreeting {
  const { terms, plan } = (value ?? {}) as Partial<RingGreeting>;
  return typeof terms === "string" && (plan === undefined || typeof plan === "string");
}

function isIntroduction(value: unknown): value is NodeIntroduction {
  const said = value as Partial<NodeIntroduction> | null;
  if (typeof said !== "object" || said === null) return false;
  return (
    (said.ring === undefined || isRing(said.ring)) &&
    (said.announced === undefined || readAnnouncement(said.announced) !== undefined) &&
    isCount(said.version) &&
    isText(said.name) &&
    isText(said.runId) &&
    isCount(said.databases) &&
    isView(said.view)
  );
}

/** Undefined when the text is no greeting. */
export function readGreeting(text: string): LinkGreeting | undefined {
  const said = parse(text);
  const { to, number } = (said ?? {}) as Partial<LinkGreeting>;
  return isIntroduction(said) && isText(to) && isCount(number) ? { ...said, to, number } : undefined;
}

/** Undefined when the text is no welcome. */
export function readWelcome(text: string): LinkWelcome | undefined {
  const said = parse(text);
  const { refusal, left } = (said ?? {}) as Partial<LinkWelcome>;
  if (!isIntroduction(said) || !isText(refusal)) return undefined;
  return { ...said, refusal, ...(isTable(left) ? { left } : {}) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
