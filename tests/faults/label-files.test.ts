/**
 * Large label sets: two processes that make a file at once, one that is killed, a disk that is full meanwhile, files that are cut or of another
 * checkpoint, too little memory, and a server whose labels change. Scores are always those of an undisturbed run, or there are none.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { callGlz } from '../call-glz.ts';
import { runGlz } from '../run-glz.ts';
import { post, runServer } from '../serve/run-server.ts';
import { ROOT, TINY_LATE, temporaryFolder, writeTinyCheckpoint } from '../tiny-checkpoint.ts';

const WORDS = ['red', 'blue', 'house', 'and', 'of', 'the', 'a', 'to', 'in', 'is'];
const LABELS = Array.from({ length: 2000 }, (_, at) => [...`${at}`].map((digit) => WORDS[Number(digit)]).join(' '));
const folder = temporaryFolder();
const labels = join(folder, 'labels.txt');
const input = join(folder, 'in.txt');
let checkpoint: string;
let own: string;
let others: string;
let expected: string;

/** An empty cache, but for the graphs of the checkpoint. */
function cacheWithGraphs(name: string): string {
  const cache = join(folder, name);
  cpSync(join(folder, 'cache'), cache, { recursive: true, filter: (path) => basename(path) !== 'labels' });
  return cache;
}
const args = (...more: string[]) => [
  ...['predict', input, '--checkpoint', checkpoint, '--labels-file', labels, '--threads', '1', '--quiet', ...more],
];
const predict = (cache: string, ...more: string[]) => callGlz(args(...more), { env: { GLZ_CACHE: cache } });
const filesIn = (cache: string) => readdirSync(join(cache, 'labels'));

beforeAll(async () => {
  own = await writeTinyCheckpoint(TINY_LATE);
  others = await writeTinyCheckpoint({ ...TINY_LATE, textPooling: 'cls' });
  checkpoint = own;
  writeFileSync(labels, LABELS.join('\n'));
  writeFileSync(input, 'the red house\nblue and red\nof the blue house\n');
  const { code, stdout, stderr } = await predict(join(folder, 'cache'));
  expect([code, stderr]).toEqual([0, '']);
  expect(filesIn(join(folder, 'cache'))).toHaveLength(1);
  expected = stdout;
});

it('two processes that make one at once give the same, and leave one', async () => {
  const cache = cacheWithGraphs('at-once');
  const results = await Promise.all([1, 2].map(() => runGlz(args(), { env: { GLZ_CACHE: cache } })));
  for (const { code, stdout } of results) expect([code, stdout]).toEqual([0, expected]);
  expect(filesIn(cache)).toEqual([expect.stringMatching(/^[0-9a-f]{32}\.labels$/)]);
});

it('a disk that is full while one is written costs the file and nothing else', async () => {
  if (process.platform === 'win32') return;
  const cache = cacheWithGraphs('full');
  const words = [process.execPath, join(ROOT, 'bin/glz.js'), ...args()].map((word) => `'${word}'`).join(' ');
  const run = spawnSync('sh', ['-c', `ulimit -f 100; exec ${words}`], { encoding: 'utf8', env: { ...process.env, GLZ_CACHE: cache } });
  expect([run.status, run.stdout, run.stderr]).toEqual([0, expected, '']);
  expect(filesIn(cache)).toEqual([]);
});

it('read block by block they give the same; where there is neither memory nor a file the run ends with a line', async () => {
  const cache = cacheWithGraphs('small');
  const streamed = await predict(cache, '--label-memory', '0');
  expect([streamed.code, streamed.stdout]).toEqual([0, expected]);
  expect(filesIn(cache)).toHaveLength(1);
  rmSync(join(cache, 'labels'), { recursive: true });
  writeFileSync(join(cache, 'labels'), 'a file where the folder should be');
  const { code, stdout, stderr } = await predict(cache, '--label-memory', '0');
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(
    /^glz: 2000 labels need 1 MB of memory, more than the 0 that may be taken \(--label-memory\), and cannot be read from .*: .* is no folder\n$/,
  );
});

it('of another checkpoint is not taken', async () => {
  const cache = cacheWithGraphs('others');
  await predict(cache);
  checkpoint = others;
  const fresh = await predict(join(folder, 'fresh'));
  const beside = await predict(cache);
  checkpoint = own;
  expect(fresh.stdout).not.toBe(expected);
  expect([beside.code, beside.stdout]).toEqual([0, fresh.stdout]);
  expect(filesIn(cache)).toHaveLength(2);
});

it.each<[string, (path: string, other: string) => void]>([
  ['cut', (path) => truncateSync(path, Math.floor(statSync(path).size / 2))],
  [
    'damaged',
    (path) => {
      const bytes = readFileSync(path);
      bytes[bytes.length >> 1] ^= 1;
      writeFileSync(path, bytes);
    },
  ],
  ['of another checkpoint under its name', (path, other) => cpSync(other, path)],
])('one that is %s is made again', async (what, change) => {
  const cache = cacheWithGraphs(`changed ${what}`);
  const fileOf = () => join(cache, 'labels', filesIn(cache)[0]);
  checkpoint = others;
  await predict(cache);
  const other = join(folder, `${what}.labels`);
  cpSync(fileOf(), other);
  rmSync(join(cache, 'labels'), { recursive: true });
  checkpoint = own;
  await predict(cache);
  const whole = readFileSync(fileOf());
  change(fileOf(), other);
  expect(readFileSync(fileOf()).equals(whole)).toBe(false);
  const { code, stdout, stderr } = await predict(cache, '--label-memory', '0');
  expect([code, stdout, stderr]).toEqual([0, expected, '']);
  expect(readFileSync(fileOf()).equals(whole)).toBe(true);
});

it('a process that is killed while it makes one leaves nothing that is taken, and nothing behind the next run', async () => {
  const cache = cacheWithGraphs('killed');
  const isBegun = () => {
    try {
      return filesIn(cache).length > 0;
    } catch {
      return false;
    }
  };
  const killed = await runGlz(args(), { env: { GLZ_CACHE: cache }, killWhen: isBegun });
  expect([killed.signal, killed.stdout]).toEqual(['SIGKILL', '']);
  const { code, stdout } = await predict(cache);
  expect([code, stdout]).toEqual([0, expected]);
  expect(filesIn(cache)).toEqual([expect.stringMatching(/^[0-9a-f]{32}\.labels$/)]);
});

describe('a heap that is small', () => {
  const NODE_OPTIONS = '--max-old-space-size=40';
  const many = Array.from({ length: 100_000 }, (_, at) => [...`${at}`].map((digit) => WORDS[Number(digit)]).join(' '));
  const manyOf = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const predictMany = (path: string, env: Record<string, string> = {}) =>
    runGlz(['predict', input, '--checkpoint', checkpoint, '--labels-file', path, '--top-k', '5', '--quiet', '--label-memory', '0'], {
      env: { GLZ_CACHE: join(folder, 'cache'), ...env },
      timeout: 300_000,
    });

  it('gives many labels the scores of a large one', async () => {
    const path = manyOf('many.txt', many.slice(0, 20_000).join('\n'));
    const large = await predictMany(path);
    const small = await predictMany(path, { NODE_OPTIONS });
    expect([large.code, large.stderr]).toEqual([0, '']);
    expect(small).toEqual(large);
  }, 600_000);

  it.each([
    ['plain.txt', () => Array.from({ length: 600_000 }, (_, at) => at).join('\n')],
    ['names.json', () => JSON.stringify(Array.from({ length: 600_000 }, (_, at) => `${at}`))],
    ['described.json', () => JSON.stringify(Object.fromEntries(many.map((name, at) => [name, `number ${at}`])))],
    ['objects.jsonl', () => many.map((label, at) => JSON.stringify({ label, description: `number ${at}` })).join('\n')],
    ['tree.json', () => JSON.stringify({ all: many })],
    ['table.csv', () => ['label', ...many, ...many.map((name) => `${name} more`)].join('\n')],
    ['described.csv', () => ['label,description', ...many.map((name, at) => `${name},number ${at}`)].join('\n')],
  ])('has no room for the labels of %s, and says so', async (name, content) => {
    const { code, signal, stdout, stderr } = await predictMany(manyOf(name, content()), { NODE_OPTIONS });
    expect([code, signal, stdout]).toEqual([1, null, '']);
    expect(stderr).toMatch(
      /^glz: .*: to read so many labels takes some \d+ MB of JavaScript's heap, of which \d+ are free; give it more: NODE_OPTIONS=--max-old-space-size=\d+\n$/,
    );
  });
});

it('a server whose labels change answers with those that it was asked about, whatever becomes of files', async () => {
  const cache = cacheWithGraphs('server');
  const server = await runServer(['--checkpoint', checkpoint, '--label-memory', '0.001', '--threads', '1'], { GLZ_CACHE: cache });
  try {
    const changed = [...LABELS.slice(1), 'house of the house'];
    const scores = async (set: string[]) => {
      const { body } = await post(`${server.url}/classify`, { texts: ['the red house'], labels: set });
      return new Map<string, number>(body.results[0].labels.map((label: string, at: number) => [label, body.results[0].scores[at]]));
    };
    const first = await scores(LABELS);
    const after = await scores(changed);
    expect([first.size, after.has('red'), after.has('house of the house')]).toEqual([2000, false, true]);
    rmSync(join(cache, 'labels'), { recursive: true });
    expect([await scores(LABELS), await scores(changed)]).toEqual([first, after]);
    expect(filesIn(cache).length).toBeGreaterThan(0);
  } finally {
    await server.end();
  }
});
