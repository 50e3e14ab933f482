import { readFileSync } from "node:fs";
import { join } from "node:path";
import { report, repositoryFiles, repositoryFolder, type Finding } from "./source-files.ts";

interface ForbiddenText {
  /** Only files whose path matches; all without it. */
  files?: RegExp;
  text: RegExp;
  message: string;
}

/**
 * Texts that no file of the repository contains. A tree that names the folders of one machine, or the package registry of
 * one network, works only there.
 */
export const forbiddenTexts: readonly ForbiddenText[] = [
  {
    files: /(^|\/)(package-lock\.json|bun\.lock|yarn\.lock|pnpm-lock\.yaml)$/,
    text: /"?resolved"?:? "https?:|https?:\/\/[^"\s]+\.tgz/,
    message: "a lock file with download addresses: run npm install with omit-lockfile-registry-resolved=true",
  },
  {
    text: /\bregistry\.(?:npmjs|yarnpkg)\b|\b(?:deb|security)\.debian\b|\bnpm\.pkg\.github\b|\bpypi\.org\b|\bcrates\.io\b/,
    message: "names a package registry's host",
  },
  {
    text: /(?<![\w.$}~:/-])\/(?:work|farm|root|tmp|home\/\w+|Users\/\w+)\/\w/,
    message: "names a folder of one machine; temporary folders come from os.tmpdir() or mktemp",
  },
];

export function forbiddenTextsIn(path: string, text: string): Finding[] {
  return forbiddenTexts
    .filter(({ files }) => files === undefined || files.test(path))
    .flatMap((forbidden) => {
      const lines = text.split("\n");
      const line = lines.findIndex((candidate) => forbidden.text.test(candidate)) + 1;
      return line === 0 ? [] : [{ path, line, message: forbidden.message }];
    });
}

if (import.meta.main) {
  const findings = repositoryFiles().flatMap((path) => {
    const bytes = readFileSync(join(repositoryFolder, path));
    // A file with a zero byte is not text.
    return bytes.includes(0) ? [] : forbiddenTextsIn(path, bytes.toString("utf8"));
  });
  report("tree", findings);
}
