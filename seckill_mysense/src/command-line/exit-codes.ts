/** What the program ends with, and what each code means. Scripts rely on the numbers. */
export const exitCodes = {
  ok: { code: 0, means: "done, and all is in order" },
  notInOrder: { code: 1, means: "refused, or something is not in order; for start: the system cannot start" },
  mistake: { code: 2, means: "the command line, a file or a setting is wrong; nothing was changed" },
  unknown: { code: 3, means: "a part cannot be reached, so that the outcome or the state is not known" },
  recorded: { code: 4, means: "the change is recorded in the ledger, but the gate does not have it yet" },
  crashed: { code: 70, means: "an error that nobody expected ended a running system" },
} as const;
export type ExitCode = keyof typeof exitCodes;
