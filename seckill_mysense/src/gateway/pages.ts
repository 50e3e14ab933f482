import { join } from "node:path";
import { forASecond, forEver, SharedAnswer } from "./shared-answer.ts";

const webFolder = join(import.meta.dir, "../../web");
/** The page of another package, which knows nothing of this server. */
const drawFolder = join(import.meta.dir, "../../../fair_draw/web");

/**
 * Allows only files of this server, and no inline scripts or styles, so that text injected into the page cannot run.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const commonHeaders = { "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" };

/** The pages for buyers and the files that they load, served from memory. */
export interface Pages {
  readonly sale: SharedAnswer;
  /** All of them, by path, and the files that they load. */
  readonly byPath: ReadonlyMap<string, SharedAnswer>;
}

/** Bundles the scripts with Bun at the start, so that no build step is needed. */
export async function buildPages(): Promise<Pages> {
  const assets = await Promise.all([
    scriptOf(webFolder, "sale"),
    scriptOf(webFolder, "work-worker"),
    styleOf(webFolder, "sale"),
    scriptOf(drawFolder, "verify-draw"),
    styleOf(drawFolder, "verify-draw"),
  ]);
  const sale = pageOf(await Bun.file(join(webFolder, "sale.html")).text(), assets);
  // A visitor's browser checks the draw of a waiting room there.
  const draw = pageOf(await Bun.file(join(drawFolder, "verify-draw.html")).text(), assets);
  const files = assets.map(({ path, answer }) => [path, answer] as const);
  return { sale, byPath: new Map([["/", sale], ["/draw", draw], ...files]) };
}

function pageOf(html: string, assets: readonly Asset[]): SharedAnswer {
  return new SharedAnswer({
    body: assets.reduce((text, { source, path }) => text.replace(`"${source}"`, `"${path}"`), html),
    contentType: "text/html; charset=utf-8",
    cacheControl: forASecond,
    headers: {
      // /check answers other programs with JSON, so caches must look at `Accept`.
      vary: "accept, authorization",
      "content-security-policy": contentSecurityPolicy,
      ...commonHeaders,
    },
  });
}

async function scriptOf(folder: string, name: string): Promise<Asset> {
  const built = await Bun.build({ entrypoints: [join(folder, `${name}.ts`)], target: "browser", minify: true });
  const content = await built.outputs[0]!.text();
  return asset({ name, extension: "js", type: "text/javascript; charset=utf-8", source: `${name}.ts` }, content);
}

async function styleOf(folder: string, name: string): Promise<Asset> {
  const source = `${name}.css`;
  const content = await Bun.file(join(folder, source)).text();
  return asset({ name, extension: "css", type: "text/css; charset=utf-8", source }, content);
}

interface Asset {
  /** As the page's source names it. */
  readonly source: string;
  readonly path: string;
  readonly answer: SharedAnswer;
}

interface AssetKind {
  readonly name: string;
  readonly extension: string;
  readonly type: string;
  readonly source: string;
}

function asset({ name, extension, type, source }: AssetKind, content: string): Asset {
  // The name has a hash of the content, so browsers may cache the file for ever.
  const hash = Bun.hash(content).toString(36).slice(0, 10);
  const answer = new SharedAnswer({
    ...{ body: content, contentType: type, cacheControl: forEver, headers: commonHeaders },
  });
  return { source, path: `/assets/${name}-${hash}.${extension}`, answer };
}
