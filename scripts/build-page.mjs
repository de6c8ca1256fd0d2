// Builds the page of `glz serve` (src/serve/page) into dist/serve/page: script and styles bundled, nothing loaded from elsewhere. Part of
// `npm run build`, and of the first use of a checkout (bin/glz.js).
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const inProject = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const source = inProject('src/serve/page');
const target = inProject('dist/serve/page');

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
await build({
  entryPoints: { page: `${source}/main.ts`, styles: `${source}/styles/page.css` },
  entryNames: 'page',
  outdir: target,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2023',
  charset: 'utf8',
  legalComments: 'eof',
  logLevel: 'warning',
  tsconfig: `${source}/tsconfig.json`,
});
for (const name of ['index.html', 'icon.svg']) cpSync(`${source}/${name}`, `${target}/${name}`);
