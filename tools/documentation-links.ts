import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { repositoryFolder } from "./source-files.ts";

export interface BrokenLink {
  /** Path of the page, relative to the repository. */
  readonly page: string;
  readonly link: string;
  readonly reason: string;
}

/** Links of a page to files and headings of the repository that are not there. Addresses elsewhere are not looked at. */
export function brokenLinks(page: string): BrokenLink[] {
  const links = [...readPage(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link as string);
  return links.flatMap((link) => {
    const reason = problemOf(page, link);
    return reason === undefined ? [] : [{ page, link, reason }];
  });
}

function problemOf(page: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [path = "", heading] = link.split("#");
  const target = path === "" ? page : join(dirname(page), path);
  if (!existsSync(join(repositoryFolder, target))) return `there is no ${target}`;
  if (heading === undefined || headingsOf(target).has(heading)) return undefined;
  return `${target} has no heading #${heading}`;
}

/** Headings as links name them. */
function headingsOf(page: string): ReadonlySet<string> {
  const headings = [...readPage(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading as string);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

const readPage = (page: string): string => readFileSync(join(repositoryFolder, page), "utf8");
