import { expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keptSecret } from "../../src/settings/kept-secret.ts";

function inFolder(work: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "seckill-secret-"));
  try {
    work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a secret is made once, and read again afterwards", () => {
  inFolder((folder) => {
    const dataDir = join(folder, "not", "there", "yet");
    const secret = keptSecret(dataDir);
    expect(secret).toMatch(/^[\w-]{64}$/);
    expect(keptSecret(dataDir)).toBe(secret);
    expect(readdirSync(dataDir)).toEqual(["api-secret"]);
  });
});

test("only its owner may read the secret", () => {
  inFolder((folder) => {
    keptSecret(folder);
    expect(statSync(join(folder, "api-secret")).mode & 0o777).toBe(0o600);
  });
});

test("two data folders have different secrets", () => {
  inFolder((first) => inFolder((second) => expect(keptSecret(first)).not.toBe(keptSecret(second))));
});

test("a secret that was cut short is an error, not replaced", () => {
  inFolder((folder) => {
    const file = join(folder, "api-secret");
    writeFileSync(file, "short\n");
    chmodSync(file, 0o600);
    expect(() => keptSecret(folder)).toThrow(`${file} holds 5 characters, a secret has at least 32`);
  });
});
