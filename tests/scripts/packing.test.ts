/** A package without its compiled code is not made: npm runs no scripts in the checkout, so nothing compiles it. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, temporaryFolder } from '../tiny-checkpoint.ts';

const WINDOWS = process.platform === 'win32';

it('npm pack fails in a fresh clone, names what makes one, and leaves nothing', () => {
  const clone = temporaryFolder();
  for (const name of ['package.json', '.npmrc']) copyFileSync(join(ROOT, name), join(clone, name));
  mkdirSync(join(clone, 'bin'));
  writeFileSync(join(clone, 'bin/glz.js'), '');
  const env = { ...process.env, npm_config_cache: temporaryFolder(), npm_config_update_notifier: 'false' };
  const { status, stdout, stderr } = spawnSync('npm', ['pack'], { cwd: clone, env, encoding: 'utf8', shell: WINDOWS });
  expect(status).not.toBe(0);
  expect(stderr).toMatch(/no such file or directory, open '.*npm-run-pack-compiles-first.gliznet-[\d.]+\.tgz'/);
  expect(`${stdout}${stderr}`).not.toMatch(/npm warn/i);
  expect(readdirSync(clone).sort()).toEqual(['.npmrc', 'bin', 'package.json']);
});
