/**
 * What `glz setup-gpu` says where something is missing, and that it leaves nothing behind. That it works is tested by
 * `npm run test:tensorflow`, which needs a network.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ownMark } from '../../src/base/locks/process-mark.ts';
import { callGlz } from '../call-glz.ts';
import { runGlz } from '../run-glz.ts';
import { temporaryFolder } from '../tiny-checkpoint.ts';

/** A folder with programs that are shell scripts. */
function programs(scripts: Record<string, string>): string {
  const folder = temporaryFolder();
  for (const [name, script] of Object.entries(scripts)) writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return folder;
}

const EMPTY = programs({});
const NO_PIP = programs({ python3: 'case "$*" in --version) echo Python 3.12;; *) echo "No module named pip" >&2; exit 1;; esac' });
const PYTHON = programs({ python3: 'exit 0' });
const NODE = dirname(process.execPath);
// Nothing listens on port 9 of this machine.
const NO_NETWORK = { npm_config_registry: 'http://127.0.0.1:9/', npm_config_fetch_retries: '0', npm_config_cache: temporaryFolder() };

/** Node options under which a process takes itself for one on this platform: what is refused elsewhere can be seen on any. */
const on = (platform: string) => `--import=data:text/javascript,Object.defineProperty(process,'platform',{value:'${platform}'})`;

describe('glz setup-gpu elsewhere', () => {
  it.each(['darwin', 'win32'])('%s: says that it is for Linux, and leaves nothing', async (platform) => {
    const parent = temporaryFolder();
    const env = { NODE_OPTIONS: on(platform), GLZ_TENSORFLOW: join(parent, 'tensorflow') };
    const { code, stderr } = await runGlz(['setup-gpu', '--cpu'], { env });
    expect(stderr).toMatch(/TensorFlow is set up on Linux only .*--device cpu/);
    expect([code, readdirSync(parent)]).toEqual([2, []]);
  });
});

// The command's download and compiler are those of Linux; what it says on other platforms is tested above, on all of them.
const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('glz setup-gpu', () => {
  it.each([
    ['without Python', { PATH: EMPTY }, /python3 does not run: install Python 3 with pip .*--python/],
    ['without pip', { PATH: NO_PIP }, /python3 has no pip: install it .*--python/],
    ['without a compiler', { PATH: PYTHON, CXX: 'no-such-compiler' }, /no-such-compiler does not run: install a C\+\+ compiler .*CXX/],
    ['without npm', { PATH: PYTHON, CXX: 'python3' }, /npm does not run: it comes with Node/],
    [
      'without a network',
      { PATH: `${PYTHON}:${NODE}:${process.env.PATH}`, CXX: 'python3', ...NO_NETWORK },
      /npm cannot install @tensorflow\/tfjs-node@4\.\d+\.\d+ and node-api-headers@1: .*ECONNREFUSED.*network\?/,
    ],
  ])('%s: one line that says what to do, and nothing is left', async (_case, env, message) => {
    const parent = temporaryFolder();
    const folder = join(parent, 'tensorflow');
    const { code, stderr, stdout } = await callGlz(['setup-gpu', '--cpu'], { env: { ...env, GLZ_TENSORFLOW: folder } });
    expect(stderr.trim().split('\n').at(-1)).toMatch(message);
    expect([code, stdout, readdirSync(parent)]).toEqual([1, '', []]);
  });

  it('removes what a killed run left half made, and nothing of a run that lives', async () => {
    const parent = temporaryFolder();
    const folder = join(parent, 'tensorflow');
    const dead = `${folder}.${ownMark().replace(/^glz-\d+/, `glz-${2 ** 31 - 1}`)}.tmp`;
    const alive = `${folder}.${ownMark()}.tmp`;
    const others = [`${folder}.12.tmp`, `${folder}.tmp`];
    for (const path of [dead, alive, ...others]) mkdirSync(path);
    const { code } = await callGlz(['setup-gpu', '--cpu', '--folder', folder], { env: { PATH: EMPTY } });
    expect([code, existsSync(dead), existsSync(folder)]).toEqual([1, false, false]);
    for (const path of [alive, ...others]) expect([path, existsSync(path)]).toEqual([path, true]);
  });

  it('does not replace a folder with files of somebody else', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'notes.txt'), 'mine');
    const { code, stderr } = await callGlz(['setup-gpu', '--cpu', '--force', '--folder', folder], {
      env: { PATH: PYTHON, CXX: 'python3' },
    });
    expect([code, stderr.trim().split('\n').at(-1)]).toEqual([
      2,
      expect.stringMatching(/holds files that glz setup-gpu did not put there, .*name another --folder/),
    ]);
    expect(readdirSync(folder)).toEqual(['notes.txt']);
  });

  it('names the folder that it cannot write', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    const { code, stderr } = await callGlz(['setup-gpu', '--cpu', '--folder', join(file, 'x')], { env: { PATH: PYTHON, CXX: 'python3' } });
    expect(stderr).toMatch(/cannot write .*file\/x: .*; name another --folder/);
    expect(code).toBe(1);
  });
});
