#!/usr/bin/env node
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const inProject = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const say = (line) => process.stderr.write(`glz: ${line}\n`);
const fail = (line) => {
  say(line);
  process.exit(1);
};

const MAIN = 'dist/cli/main.js';
const TYPESCRIPT = 'node_modules/typescript/bin/tsc';

// An installed package has dist, and neither src nor tsconfig.
const isCheckout = existsSync(inProject('tsconfig.build.json'));

/** A fresh checkout: npm ci runs no scripts (.npmrc), so nothing has been compiled yet. */
function compile() {
  if (!existsSync(inProject(TYPESCRIPT))) fail('this checkout cannot be compiled yet: npm ci, then npm run build');
  say('compiling this checkout (once)');
  const run = (script, ...args) => spawnSync(process.execPath, [inProject(script), ...args], { stdio: ['ignore', 2, 2] }).status;
  if (run(TYPESCRIPT, '-p', inProject('tsconfig.build.json')) !== 0) fail('this checkout cannot be compiled: npm ci, then npm run build');
  // Only glz serve shows it.
  if (run('scripts/build-page.mjs') !== 0) say('the page of glz serve cannot be built; all else works');
}

/** Whether a file of a folder was changed since, by git pull for example. By hand: readdir's own recursion takes twice as long. */
function holdsNewer(folder, time) {
  return readdirSync(folder, { withFileTypes: true }).some((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? holdsNewer(path, time) : statSync(path).mtimeMs > time;
  });
}

if (!existsSync(inProject(MAIN))) {
  if (!isCheckout) fail('this package was packed without its compiled code: npm run pack in the checkout makes a whole one');
  compile();
} else if (isCheckout && holdsNewer(inProject('src'), statSync(inProject(MAIN)).mtimeMs)) say('dist is older than src: npm run build');

const { main } = await import('../dist/cli/main.js');
main();
