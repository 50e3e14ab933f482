import { readFileSync } from "node:fs";
import type { RecordedCode } from "../ledger/invitation-codes.ts";
import { InvalidSaleError } from "../ledger/ledger-errors.ts";
import type { CodeService, MadeCode, WantedCodes } from "../sales/code-service.ts";

/** What a command does with the invitation codes of a sale. */
export type CodesAction =
  | {
      readonly kind: "codes";
      readonly does: "make";
      readonly id: string;
      readonly count: number | undefined;
      /** A file with one name a line. */
      readonly names: string | undefined;
    }
  | { readonly kind: "codes"; readonly does: "list"; readonly id: string }
  | { readonly kind: "codes"; readonly does: "revoke"; readonly id: string; readonly number: number };

export async function runCodesAction(
  action: CodesAction,
  service: CodeService,
  actor: string,
): Promise<{ readonly json: unknown; readonly text: string }> {
  switch (action.does) {
    case "make": {
      const codes = await service.make(action.id, wantedBy(action), actor);
      return { json: codes, text: codes.map(renderMade).join("\n") };
    }
    case "list": {
      const codes = await service.list(action.id);
      return { json: codes.map(showCode), text: codes.map(renderCode).join("\n") };
    }
    case "revoke": {
      const revoked = await service.revoke(action.id, action.number, actor);
      const whose = revoked.user === undefined ? "" : `; the sessions of user ${revoked.user} are over`;
      return { json: revoked, text: `code ${revoked.number} is revoked${whose}` };
    }
  }
}

function wantedBy({ count, names }: CodesAction & { does: "make" }): WantedCodes {
  if (count !== undefined) return { count };
  const read = readNames(names!);
  if (read.length > 0) return { names: read };
  throw new InvalidSaleError(`${names} has no name`);
}

function readNames(file: string): string[] {
  try {
    const lines = readFileSync(file === "-" ? 0 : file, "utf8").split("\n");
    return lines.map((line) => line.trim()).filter((line) => line !== "");
  } catch (error) {
    throw new InvalidSaleError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

const renderMade = ({ number, name, code }: MadeCode): string =>
  [String(number), ...(name === undefined ? [] : [name]), code].join("\t");

function showCode({ number, nameKey, userId, usedAtMs, revokedAtMs }: RecordedCode) {
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    number,
    ...(nameKey !== undefined && { name: nameKey }),
    ...(userId !== undefined && { user: userId }),
    ...(usedAtMs !== undefined && { used_at: iso(usedAtMs) }),
    ...(revokedAtMs !== undefined && { revoked_at: iso(revokedAtMs) }),
  };
}

const renderCode = (code: RecordedCode): string =>
  Object.entries(showCode(code))
    .map(([name, value]) => `${name}: ${value}`)
    .join("  ");
