/** The page at `/`: files that the build makes (scripts/build-page.mjs of src/serve/page), read once, sent with headers that let it reach its own server only. */
import { readFileSync } from 'node:fs';
import type { Hono } from 'hono';
import { RequestError } from './failures.ts';

/** A file of the page. */
export interface PageFile {
  type: string;
  bytes: Uint8Array<ArrayBuffer>;
}

const FILES: readonly (readonly [path: string, file: string, type: string])[] = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/page/page.js', 'page.js', 'text/javascript; charset=utf-8'],
  ['/page/page.css', 'page.css', 'text/css; charset=utf-8'],
  ['/page/icon.svg', 'icon.svg', 'image/svg+xml'],
];

/** Paths of the page; they need no key: there is nothing of anybody's in them. */
export const PAGE_PATHS: ReadonlySet<string> = new Set(FILES.map(([path]) => path));

/** Nothing from elsewhere, no inline code, in nobody's frame; what is found on the page can be sent to its own server only. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
};

/** The page's files by their paths; none where the page was not built. */
export function readPage(folder: URL = new URL('./page/', import.meta.url)): ReadonlyMap<string, PageFile> {
  try {
    return new Map(FILES.map(([path, file, type]) => [path, { type, bytes: new Uint8Array(readFileSync(new URL(file, folder))) }]));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw error;
  }
}

/** Adds the page's routes. */
export function addPage(app: Hono, files: ReadonlyMap<string, PageFile>): void {
  for (const path of PAGE_PATHS)
    app.get(path, (context) => {
      const file = files.get(path);
      if (!file) throw new RequestError(404, 'the page was not built: npm run build in the checkout of glz');
      return context.body(file.bytes, 200, { ...HEADERS, 'content-type': file.type });
    });
}
