#!/usr/bin/env node
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const inProject = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

// A fresh checkout: npm ci runs no scripts (.npmrc), so nothing has been compiled yet. An installed package has dist, and no tsconfig.
if (!existsSync(inProject('dist/cli/main.js')) && existsSync(inProject('tsconfig.build.json'))) {
  process.stderr.write('glz: compiling this checkout (once)\n');
  const run = (script, ...args) => spawnSync(process.execPath, [inProject(script), ...args], { stdio: ['ignore', 2, 2] }).status;
  if (run('node_modules/typescript/bin/tsc', '-p', inProject('tsconfig.build.json')) !== 0) {
    process.stderr.write('glz: this checkout cannot be compiled: npm ci, then npm run build\n');
    process.exit(1);
  }
  // Only glz serve shows it.
  if (run('scripts/build-page.mjs') !== 0) process.stderr.write('glz: the page of glz serve cannot be built; all else works\n');
}
const { main } = await import('../dist/cli/main.js');
main();
