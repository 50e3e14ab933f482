import { scrypt } from "@noble/hashes/scrypt.js";
import { solveChallenge } from "altcha-lib";
import type { DeriveKeyFunction } from "altcha-lib/types";
import type { WorkMessage } from "./work.ts";

/** Runs beside the page, which stays usable: a try takes a tenth of a second, and there are many. */
self.addEventListener("message", ({ data }: MessageEvent) => void solve(data));

const tell = (message: WorkMessage): void => self.postMessage(message, {});

async function solve(challenge: Parameters<typeof solveChallenge>[0]["challenge"]): Promise<void> {
  let tries = 0;
  const deriveKey: DeriveKeyFunction = async ({ cost, keyLength, memoryCost = 8 }, salt, password) => {
    const derivedKey = scrypt(new Uint8Array(password), new Uint8Array(salt), {
      N: cost,
      r: memoryCost,
      p: 1,
      dkLen: keyLength,
    });
    tell({ tries: ++tries });
    return { derivedKey };
  };
  // The challenge's own end is the limit.
  const solution = await solveChallenge({ challenge, deriveKey, timeout: 0 });
  if (solution !== null) tell({ solution });
}
