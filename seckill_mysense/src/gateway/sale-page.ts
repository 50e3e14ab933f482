import { join } from "node:path";

const webFolder = join(import.meta.dir, "../../web");

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

/** The sale page and the files that it loads, served from memory. */
export interface SalePage {
  readonly page: () => Response;
  /** By path. The names contain a hash of the content, so browsers may cache the files for ever. */
  readonly assets: ReadonlyMap<string, () => Response>;
}

/** Bundles the page's scripts with Bun at the start, so that no build step is needed. */
export async function buildSalePage(): Promise<SalePage> {
  const script = await scriptOf("sale");
  const worker = await scriptOf("work-worker");
  const style = asset("sale", "css", "text/css; charset=utf-8", await Bun.file(join(webFolder, "sale.css")).text());
  const html = (await Bun.file(join(webFolder, "sale.html")).text())
    .replace("sale.css", style.path)
    .replace("sale.ts", script.path)
    .replace("work-worker.ts", worker.path);
  const init = {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-cache",
      // The same URL answers other programs with JSON, so caches must look at `Accept`.
      vary: "accept, authorization",
      "content-security-policy": contentSecurityPolicy,
      ...commonHeaders,
    },
  };
  return {
    page: () => new Response(html, init),
    assets: new Map([script, worker, style].map(({ path, respond }) => [path, respond])),
  };
}

async function scriptOf(name: string): Promise<Asset> {
  const built = await Bun.build({ entrypoints: [join(webFolder, `${name}.ts`)], target: "browser", minify: true });
  return asset(name, "js", "text/javascript; charset=utf-8", await built.outputs[0]!.text());
}

interface Asset {
  readonly path: string;
  readonly respond: () => Response;
}

function asset(name: string, extension: string, type: string, content: string): Asset {
  const hash = Bun.hash(content).toString(36).slice(0, 10);
  const init = {
    headers: { "content-type": type, "cache-control": "public, max-age=31536000, immutable", ...commonHeaders },
  };
  return { path: `/assets/${name}-${hash}.${extension}`, respond: () => new Response(content, init) };
}
