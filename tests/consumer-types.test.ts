/** The published types in a project of somebody else: strict, without types of Node, with everything that the library exports checked. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, temporaryFolder } from './tiny-checkpoint.ts';

const PROGRAM = `import { DataError, GliZNet, UsageError, type Candidates, type ClassifyOptions, type LabelScores, type LoadSettings } from 'gliznet';
import { evaluate, exportCheckpoint, generate, train, type EvaluateOptions, type GenerateOptions, type TrainOptions } from 'gliznet';
const settings: LoadSettings = { threads: 1, precision: 'fp32', note: (line) => void line.trim() };
const options: ClassifyOptions = { topK: 1, multiLabel: true };
const labels: Candidates = ['b', 'c'];
await using model = await GliZNet.load(undefined, settings);
const [result]: LabelScores[] = await model.classify(['a'], labels, options);
export const best: string | undefined = result?.labels[0];
export const own: readonly string[] | undefined = model.labels;
export const logits: Float32Array[] = await model.logits(['a']);
export const isOurs = (error: unknown): boolean => error instanceof DataError || error instanceof UsageError;
// @ts-expect-error: it is topK
export const misspelt: ClassifyOptions = { topk: 1 };
// @ts-expect-error: there is no such precision
export const unknown: LoadSettings = { precision: 'fp16' };
const run: TrainOptions = { data: ['a.jsonl'], output: 'o', settings: { epochs: 3, loss: { margin: 0.3 } }, onStep: ({ loss }, steps) => void (loss + steps) };
const { checkpoint, finished, labels: known } = await train(run);
export const trained: GliZNet | undefined = finished ? await GliZNet.load(checkpoint) : undefined;
export const names: readonly string[] | undefined = known;
// @ts-expect-error: output is missing
await train({ data: ['a.jsonl'] });
// @ts-expect-error: there is no such setting
export const wrongSetting: TrainOptions = { output: 'o', settings: { loss: { marign: 0.3 } } };
const measured: EvaluateOptions = { checkpoint: ['o'], limit: 10, onEvent: (system, event) => void (event.type === 'result' && system.trim()) };
const { results } = await evaluate(measured);
export const score: number | undefined = results[0]?.metrics.macro_f1;
const made: GenerateOptions = { model: 'm', output: 'o', settings: { count: 4, not_labels: [1, 2] }, onProgress: ({ kept }) => void kept };
export const rest: number = await generate(made).then(({ kept, wanted, figures }) => wanted - kept + figures.negatives);
// @ts-expect-error: there is no such precision
await exportCheckpoint({ output: 'o', precision: 'fp16' });
`;

/** What a compiler says of the project; empty where nothing is wrong. */
function compiled(compiler: string): string {
  const project = temporaryFolder();
  mkdirSync(join(project, 'node_modules'));
  symlinkSync(ROOT, join(project, 'node_modules/gliznet'));
  const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false };
  const compilerOptions = { ...strict, module: 'nodenext', target: 'es2022', lib: ['es2022'], types: [], noEmit: true };
  writeFileSync(join(project, 'package.json'), '{"type":"module"}');
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }));
  writeFileSync(join(project, 'program.ts'), PROGRAM);
  const { stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'node_modules', compiler, 'bin/tsc'), '-p', project], {
    encoding: 'utf8',
  });
  return stdout + stderr;
}

describe.each([
  ['typescript-5', '5.9'],
  ['typescript', '7'],
])('the types of the package, with %s', (compiler, version) => {
  it(`compile in a strict project with TypeScript ${version}`, () => {
    const { version: installed } = JSON.parse(readFileSync(join(ROOT, 'node_modules', compiler, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(installed.startsWith(`${version}.`)).toBe(true);
    expect(compiled(compiler)).toBe('');
  });
});
