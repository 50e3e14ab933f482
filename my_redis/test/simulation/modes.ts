import type { Acknowledgement } from "../../src/cluster/agreement/ring-table.ts";

/** What a schedule is about. */
export interface Mode {
  readonly acknowledgement: Acknowledgement;
  /** The next fault comes only when the ring is whole again. Otherwise faults come as they like. */
  readonly oneFaultAtATime: boolean;
  /** What a node says that it has is on its disk. Otherwise a crash loses what its disk has not got yet. */
  readonly keepsBeforeAnswering: boolean;
  /** A node may come back without its data. Then an operator's word may be needed, and writes may be lost. */
  readonly forgetsData: boolean;
  /** An operator changes the voters, and leaders crash while a table is under way. */
  readonly changesVoters: boolean;
  /** Elections often fail: messages are lost, disks are slow, and nodes crash and come back at once. */
  readonly hurtsElections: boolean;
  /** Seats join and leave, weights change, and operators change their minds: slots move between seats. */
  readonly movesSlots: boolean;
  /** Operators have primaries hand over to replicas. */
  readonly handsOver: boolean;
  /** Operators also add and remove replicas of seats that exist, and give seats up whose nodes are away. */
  readonly changesReplicas: boolean;
  /** Disks that keep data take nothing for a while. */
  readonly fillsDisks: boolean;
  /** Clients also write to slots of several seats at once. */
  readonly writesAcross: boolean;
}

const strict: Mode = {
  acknowledgement: "replica",
  oneFaultAtATime: false,
  keepsBeforeAnswering: true,
  forgetsData: false,
  changesVoters: false,
  hurtsElections: false,
  movesSlots: false,
  handsOver: false,
  changesReplicas: false,
  fillsDisks: false,
  writesAcross: false,
};
const handing: Mode = { ...strict, handsOver: true };
const spanning: Mode = { ...strict, writesAcross: true };
const moving: Mode = { ...strict, movesSlots: true };

/** Each with its name on the command line. */
export const modes = {
  usual: strict,
  single: { ...strict, oneFaultAtATime: true, keepsBeforeAnswering: false },
  asynchronous: { ...strict, acknowledgement: "primary", oneFaultAtATime: true },
  forgetful: { ...strict, forgetsData: true },
  voters: { ...strict, changesVoters: true },
  elections: { ...strict, changesVoters: true, hurtsElections: true },
  handing,
  handingSingle: { ...handing, oneFaultAtATime: true, keepsBeforeAnswering: false },
  handingAsynchronous: { ...handing, acknowledgement: "primary", oneFaultAtATime: true },
  handingFull: { ...handing, fillsDisks: true },
  handingMoving: { ...moving, handsOver: true },
  moving,
  movingSingle: { ...moving, oneFaultAtATime: true, keepsBeforeAnswering: false },
  movingAsynchronous: { ...moving, acknowledgement: "primary", oneFaultAtATime: true },
  movingVoters: { ...moving, changesVoters: true },
  // Writes wait for the disk: a seat whose replicas were removed has one copy.
  members: { ...moving, changesReplicas: true },
  spanning,
  spanningSingle: { ...spanning, oneFaultAtATime: true, keepsBeforeAnswering: false },
  spanningAsynchronous: { ...spanning, acknowledgement: "primary", oneFaultAtATime: true },
  spanningHanding: { ...spanning, acknowledgement: "primary", oneFaultAtATime: true, handsOver: true },
  spanningMoving: { ...moving, writesAcross: true },
  spanningMovingAsynchronous: { ...moving, writesAcross: true, acknowledgement: "primary", oneFaultAtATime: true },
} as const satisfies Readonly<Record<string, Mode>>;

export type ModeName = keyof typeof modes;

export const modeNames = Object.keys(modes) as ModeName[];
