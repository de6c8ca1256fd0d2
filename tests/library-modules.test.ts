/** What `import 'gliznet'` and a first call load: nothing of training, evaluation and the commands, and no package that only those need. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT, temporaryFolder, writeTinyCheckpoint } from './tiny-checkpoint.ts';

const dataUrl = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;
/** Prints the address of every module that is loaded; those that CommonJS requires are in its cache at the end. */
const HOOK = 'export async function load(url, context, next) { process._rawDebug(url); return next(url, context); }';
const REGISTER = `import Module, { register } from 'node:module'; register('${dataUrl(HOOK)}');
process.on('exit', () => { for (const path of Object.keys(Module._cache)) process._rawDebug(path); });`;

/** Rooms of glz and packages of which a script that imports the library loads modules. */
function loadedBy(script: string): { rooms: Set<string>; packages: Set<string> } {
  const library = pathToFileURL(join(ROOT, 'dist/index.js')).href;
  const { status, stderr } = spawnSync(
    process.execPath,
    [`--import=${dataUrl(REGISTER)}`, '--input-type=module', '-e', `import { GliZNet } from '${library}'; ${script}`],
    { encoding: 'utf8', env: { ...process.env, GLZ_CACHE: temporaryFolder() }, maxBuffer: 1 << 26 },
  );
  expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
  const all = (pattern: RegExp) => new Set([...stderr.matchAll(pattern)].map(([, name]) => name));
  return {
    rooms: all(new RegExp(`${library.slice('file://'.length, -'index.js'.length)}([a-z-]+)/`, 'g')),
    packages: all(/\/node_modules\/((?:@[^/\s]+\/)?[^/\s]+)\//g),
  };
}

const ROOMS = ['base', 'classify', 'data', 'model', 'options', 'runtime', 'text', 'trace', 'weights'];

it('importing the library loads what classifies, and no package but its own few', () => {
  const { rooms, packages } = loadedBy('');
  expect([...rooms].filter((room) => !ROOMS.includes(room))).toEqual([]);
  expect(rooms.has('classify')).toBe(true);
  expect([...packages].sort()).toEqual(['csv-parse', 'tokenizers']);
});

it('a first call loads tfjs beside them, which traces the graph, and nothing of training', async () => {
  const checkpoint = JSON.stringify(await writeTinyCheckpoint());
  const { rooms, packages } = loadedBy(
    `const model = await GliZNet.load(${checkpoint}); await model.classify(['a'], ['b', 'c']); await model.dispose();`,
  );
  expect([...rooms].filter((room) => !ROOMS.includes(room))).toEqual([]);
  expect(packages.has('@tensorflow/tfjs-core')).toBe(true);
  for (const name of ['@tensorflow/tfjs', 'commander', 'hono', 'groq-sdk', 'ollama', 'sharp', 'yaml'])
    expect([name, packages.has(name)]).toEqual([name, false]);
});
