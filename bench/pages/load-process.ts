/** Runs the pages in a process of its own: the options come on standard input, the result goes to standard output. */
import { PageLoad } from "./page-load.ts";
import type { PagesLoad } from "./pages-results.ts";

console.log(JSON.stringify(await new PageLoad((await Bun.stdin.json()) as PagesLoad).go()));
