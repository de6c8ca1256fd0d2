#!/usr/bin/env node
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const inProject = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

// A fresh checkout: npm ci runs no scripts (.npmrc), so nothing has been compiled yet. An installed package has dist, and no tsconfig.
if (!existsSync(inProject('dist/cli/main.js')) && existsSync(inProject('tsconfig.build.json'))) {
  process.stderr.write('glz: compiling this checkout (once)\n');
  const compiler = inProject('node_modules/typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [compiler, '-p', inProject('tsconfig.build.json')], { stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    process.stderr.write('glz: this checkout cannot be compiled: npm ci, then npm run build\n');
    process.exit(1);
  }
}
const { main } = await import('../dist/cli/main.js');
main();
