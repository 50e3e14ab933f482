import type { LogWord } from "../../dispatch/log-target.ts";

/** Takes the words of one command. */
export type AppendWords = (words: readonly LogWord[]) => void;

/** About so much of a value goes in one step. */
export const bytesPerPiece = 32 * 1024;
