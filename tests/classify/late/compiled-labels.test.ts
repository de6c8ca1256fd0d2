/** Label sets that are kept: the same scores from memory, from a file and block by block; a file that is not whole is made again. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import '../../eager-tfjs.ts';
import { layoutOf } from '../../../src/classify/classifier.ts';
import { createLabelCompiler, type LabelCompilerRequest } from '../../../src/classify/late/compiled-labels.ts';
import { createLateClassifier, type LateSettings } from '../../../src/classify/late/late-classifier.ts';
import { lateFunctions } from '../../../src/classify/late/late-graphs.ts';
import { createEncoder } from '../../../src/model/encoders/index.ts';
import { createGraphSession, type GraphSession } from '../../../src/runtime/onnx-session.ts';
import { loadTokenizer, type Tokenizer } from '../../../src/text/tokenizer/tokenizer.ts';
import { traceGraph } from '../../../src/trace/trace.ts';
import { random } from '../../random.ts';
import { LATE_OPTIONS, randomWeights } from '../../random-model.ts';
import { TINY_ENCODER } from '../../tiny-checkpoint.ts';

const config = JSON.parse(readFileSync(join(TINY_ENCODER, 'config.json'), 'utf8'));
const encoder = createEncoder(config);
const functions = lateFunctions({ encoder, options: LATE_OPTIONS }, randomWeights(encoder, LATE_OPTIONS, random(7)));
const WORDS = ['red', 'blue', 'house', 'and', 'of', 'the', 'a', 'to', 'in', 'is'];
/** Labels that are all different: words by the digits of their number. */
const labelsOf = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => [...`${from + i}`].map((digit) => WORDS[Number(digit)]).join(' '));
const SIZES = { largeFrom: 200, blockLabels: 256 };
const LARGE = labelsOf(300);

let folder: string;
let tokenizer: Tokenizer;
let labelRuns = 0;
let foreign: Uint8Array;
let sessions: { texts: GraphSession; scores: GraphSession };
const before = process.env.GLZ_CACHE;

beforeAll(async () => {
  tokenizer = await loadTokenizer(TINY_ENCODER);
  const [texts, scores] = await Promise.all(
    [functions.texts, functions.scores].map((pass) => createGraphSession(traceGraph(pass), { threads: 1 })),
  );
  const counted: GraphSession = {
    ...texts,
    run: (feeds, outputs) => {
      if (outputs.includes('labels')) labelRuns++;
      return texts.run(feeds, outputs);
    },
  };
  sessions = { texts: counted, scores };
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'glz-labels-'));
  process.env.GLZ_CACHE = folder;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
afterAll(async () => {
  process.env.GLZ_CACHE = before;
  if (before === undefined) delete process.env.GLZ_CACHE;
  for (const session of Object.values(sessions)) await session.dispose();
});

const classifierOf = (settings: LateSettings) => createLateClassifier(tokenizer, LATE_OPTIONS, sessions, { ...SIZES, ...settings });
async function logitsOf(settings: LateSettings, labels: readonly string[] = LARGE): Promise<Float32Array[]> {
  const classifier = await classifierOf(settings);
  const results = await classifier.logits(['the red house', 'blue'].map((text) => ({ text, labels })));
  return results.map(({ logits }) => logits);
}
const files = () => readdirSync(join(folder, 'labels'));

describe('a large label set', () => {
  it('gives the same scores from memory, from its file, and read block by block; it is read once', async () => {
    const [first, second] = await logitsOf({});
    const kept = await logitsOf({ identity: 'one' });
    expect(files()).toHaveLength(1);
    const runs = labelRuns;
    const streamed = await logitsOf({ identity: 'one', memory: 1000 });
    const again = await logitsOf({ identity: 'one' });
    expect(labelRuns).toBe(runs);
    for (const [a, b] of [kept, streamed, again]) {
      expect(a).toEqual(first);
      expect(b).toEqual(second);
    }
    const [small] = await logitsOf({}, LARGE.slice(254, 258));
    for (const [at, logit] of small.entries()) expect(first[254 + at]).toBeCloseTo(logit, 4);
  });

  it('of another model or with another label has a file of its own', async () => {
    await logitsOf({ identity: 'one' });
    await logitsOf({ identity: 'two' });
    await logitsOf({ identity: 'one' }, [...LARGE.slice(1), 'another']);
    expect(files()).toHaveLength(3);
  });

  it.each([
    ['cut', (path: string) => truncateSync(path, 5000)],
    ['empty', (path: string) => truncateSync(path, 0)],
    ['damaged in the middle', (path: string) => damage(path, 20_000)],
    ['damaged at its end', (path: string) => damage(path, -30)],
    ['of another checkpoint', (path: string) => writeFileSync(path, foreign)],
    ['of other content under this name', (path: string) => writeFileSync(path, Buffer.alloc(100_000, 7))],
  ])('whose file is %s is made again', async (_, change) => {
    await logitsOf({ identity: 'another' });
    foreign = readFileSync(join(folder, 'labels', files()[0]));
    rmSync(join(folder, 'labels', files()[0]));
    const expected = await logitsOf({ identity: 'one' });
    change(join(folder, 'labels', files()[0]));
    const runs = labelRuns;
    expect(await logitsOf({ identity: 'one' })).toEqual(expected);
    expect(labelRuns).toBeGreaterThan(runs);
    const after = labelRuns;
    await logitsOf({ identity: 'one' });
    expect(labelRuns).toBe(after);
  });

  it('is scored where no file can be written, as long as there is memory', async () => {
    const expected = await logitsOf({ identity: 'one' });
    rmSync(join(folder, 'labels'), { recursive: true });
    writeFileSync(join(folder, 'labels'), 'a file where the folder should be');
    expect(await logitsOf({ identity: 'one' })).toEqual(expected);
    await expect(logitsOf({ identity: 'one', memory: 20_000 })).rejects.toThrow(
      /^300 labels need 1 MB of memory, more than the 1 that may be taken \(--label-memory\), and cannot be read from a file instead: .*labels is no folder$/,
    );
    await expect(logitsOf({ memory: 20_000 })).rejects.toThrow(/instead: only those of a checkpoint are kept in one$/);
  });

  it('that is read block by block gives the same scores when its file was removed or touched, and none when it was changed', async () => {
    const classifier = await classifierOf({ identity: 'one', memory: 1000 });
    const logits = async () => (await classifier.logits([{ text: 'the red house', labels: LARGE }]))[0].logits;
    const expected = await logits();
    const path = join(folder, 'labels', files()[0]);
    utimesSync(path, new Date(), new Date());
    expect(await logits()).toEqual(expected);
    damage(path, 20_000);
    await expect(logits()).rejects.toThrow(`${path} is damaged: delete it, and it is made again`);
    damage(path, 20_000);
    rmSync(path);
    expect(await logits()).toEqual(expected);
  });

  it('has a problem where two labels far apart are the same to the model, or one cannot be read', async () => {
    const classifier = await classifierOf({ identity: 'one' });
    const many = labelsOf(9000);
    expect(await classifier.labelProblem(many)).toBeUndefined();
    expect(await classifier.labelProblem([...many, 'red', 'in blue', 'in  blue'])).toBe(
      'the labels "red" and "red" are the same to the model, as are 1 other groups: keep one, or word them so that they differ',
    );
    expect(await classifier.labelProblem([...many, '\u{1F600}'])).toMatch(/can read nothing of the label "/);
  });

  it('made by two at once is whole, and leaves nothing else behind', async () => {
    const [a, b] = await Promise.all([logitsOf({ identity: 'one' }), logitsOf({ identity: 'one' })]);
    expect(a).toEqual(b);
    expect(files().filter((name) => !name.endsWith('.labels'))).toEqual([]);
    expect(files()).toHaveLength(1);
  });

  it('with a label that has no token leaves no file', async () => {
    mkdirSync(join(folder, 'labels'), { recursive: true });
    await expect(logitsOf({ identity: 'one' }, [...LARGE, ' '])).rejects.toThrow(/has no token/);
    expect(files()).toEqual([]);
  });

  it('says how far it is', async () => {
    const seen: [number, number][] = [];
    const request: LabelCompilerRequest = {
      ...{ tokenizer, layout: await layoutOf(tokenizer, LATE_OPTIONS), asColumns: true, ...SIZES },
      ...{ batchTokens: 1000, pool: { runnerFor: () => ({ atOnce: 1, run: async () => ({}) }) } },
      read: async ({ labels }) => new Float32Array(labels),
      onProgress: (done, labels) => seen.push([done, labels]),
    };
    await createLabelCompiler(request).compile(LARGE);
    expect(seen[0]).toEqual([256, LARGE.length]);
    expect(seen.at(-1)).toEqual([LARGE.length, LARGE.length]);
  });
});

function damage(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at < 0 ? bytes.length + at : at] ^= 1;
  writeFileSync(path, bytes);
}
