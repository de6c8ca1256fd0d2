/** The library's verbs: what they refuse, in words of options; what they tell; how a signal ends them, and a second call goes on. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataError, evaluate, exportCheckpoint, generate, type TrainOptions, train, UsageError } from '../../src/index.ts';
import { fieldPaths } from '../../src/verbs/train.ts';
import { startFaultServer, uniqueText } from '../generate/providers/fault-server.ts';
import { TINY_ENCODER, temporaryFolder, writeTinyCheckpoint } from '../tiny-checkpoint.ts';

const folder = temporaryFolder();
const records = join(folder, 'records.jsonl');
const RECORDS = Array.from({ length: 16 }, (_, at) => ({
  text: `${['the match was won', 'rain and wind all day', 'shares fell again', 'a new phone is out'][at % 4]} ${at}`,
  labels: [['sports', 'weather', 'money', 'technology'][at % 4]],
}));
let checkpoint: string;

beforeAll(async () => {
  writeFileSync(records, RECORDS.map((record) => `${JSON.stringify(record)}\n`).join(''));
  checkpoint = await writeTinyCheckpoint();
});

const settings = { encoder: TINY_ENCODER, max_steps: 4, batch_size: 4, device: 'cpu' as const, model: { projection: 16, max_length: 64 } };
const run = (output: string, more: Partial<TrainOptions> = {}) =>
  train({ data: [records], output: join(folder, output), settings, threads: 1, ...more });

/** What a call is refused with. */
async function refusal(call: Promise<unknown>): Promise<Error> {
  return call.then(
    () => {
      throw new Error('it was not refused');
    },
    (error: Error) => error,
  );
}

it.each([
  [
    'train without output',
    () => train({ data: [records] } as never),
    'train needs the option "output": where states, log and checkpoint go',
  ],
  ['a misspelt option', () => train({ output: 'o', ouput: 'x' } as never), 'train has no option "ouput"; did you mean "output"?'],
  ['an option of another type', () => train({ output: 'o', data: records } as never), /^data must be a list of texts, not "/],
  ['settings that are none', () => train({ output: 'o', settings: [] } as never), 'settings must be an object, not a list'],
  ['a signal that is none', () => train({ output: 'o', signal: {} } as never), 'signal must be an AbortSignal, not an object'],
  ['no data', () => train({ output: 'o' }), /^no training data: give data FILE/],
  ['a setting that there is none of', () => run('o', { settings: { max_step: 1 } as never }), /max_step.*did you mean "max_steps"\?/],
  ['no baseline of that name', () => evaluate({ baseline: ['nonsense'] }), /^"nonsense" names no baseline/],
  ['a template without a place', () => evaluate({ template: 'about', data: [records] }), 'template "about" has no {} where the label goes'],
  ['generate without a model', () => generate({ output: 'o' } as never), /^generate needs the option "model"/],
  ['both kinds of input', () => generate({ model: 'm', output: 'o', input: 'i', labelsFile: 'l' }), 'give either input or labelsFile'],
  ['a report over the output', () => generate({ model: 'm', output: 'o', report: 'o' }), /^report o would replace the run's own file/],
  ['an export into the checkpoint', () => exportCheckpoint({ checkpoint, output: checkpoint }), /^output .* lie in each other/],
  [
    'no precision',
    () => exportCheckpoint({ output: 'o', precision: 'fp16' as never }),
    'precision must be one of both, fp32, int8, not "fp16"',
  ],
])('%s is a UsageError in words of options', async (_, call, message) => {
  const error = await refusal(call());
  expect(error).toBeInstanceOf(UsageError);
  if (typeof message === 'string') expect(error.message).toBe(message);
  else expect(error.message).toMatch(message);
});

it('files that are not there are DataErrors', async () => {
  for (const call of [
    () => run('o1', { data: ['none.jsonl'] }),
    () => evaluate({ data: ['none'] }),
    () => exportCheckpoint({ checkpoint: './none', output: join(folder, 'x') }),
  ])
    expect((await refusal(call())).message).toContain('none');
  expect(await refusal(evaluate({ data: ['none'] }))).toBeInstanceOf(DataError);
});

it('fields of settings are put over a preset one by one', () => {
  expect(fieldPaths({ epochs: 2, loss: { margin: 0.3 }, data: [{ path: 'a' }], dev: { data: 'd' } })).toEqual({
    epochs: 2,
    'loss.margin': 0.3,
    data: [{ path: 'a' }],
    'dev.data': 'd',
  });
});

describe('train', () => {
  it('tells its steps and evaluations, and gives the best checkpoint and its labels', async () => {
    const told: string[] = [];
    const evaluated = { settings: { ...settings, dev: { data: records, every: 2 } } };
    const result = await run('evaluated', {
      ...evaluated,
      note: (line) => told.push(line.split(':')[0]),
      onStart: ({ steps }) => told.push(`start ${steps}`),
      onStep: ({ step }, steps) => told.push(`step ${step}/${steps}`),
      onEvaluation: (step) => told.push(`evaluation ${step}`),
      onCalibration: () => told.push('calibration'),
    });
    expect(told.filter((line) => /^(start|step|evaluation|calibration)/.test(line))).toEqual([
      'start 4',
      'step 1/4',
      'step 2/4',
      'evaluation 2',
      'step 3/4',
      'step 4/4',
      'calibration',
      'evaluation 4',
    ]);
    expect(told).toEqual(expect.arrayContaining(['device', 'data', 'plan']));
    expect(result).toMatchObject({ steps: 4, finished: true, early: false, checkpoint: join(folder, 'evaluated/best') });
    expect([...result.labels!].sort()).toEqual(['money', 'sports', 'technology', 'weather']);
    expect(existsSync(join(result.checkpoint!, 'config.json'))).toBe(true);
    // There is nothing to go on with: what is done is told again.
    const onStart = () => told.push('begun again');
    const again = await run('evaluated', { ...evaluated, resume: true, onStart });
    expect(again).toEqual({ ...result, seconds: Math.round(result.seconds) });
    expect(told).not.toContain('begun again');
  });

  it('is ended by its signal, with its state saved, and goes on to the same weights', async () => {
    const whole = await run('whole');
    const controller = new AbortController();
    const stopped = await run('stopped', { signal: controller.signal, onStep: ({ step }) => step === 2 && controller.abort() });
    expect(stopped).toMatchObject({ steps: 2, finished: false });
    expect((await refusal(run('stopped'))).message).toMatch(/holds a run already: resume goes on with it, overwrite starts again$/);
    const resumed = await run('stopped', { resume: true });
    expect(resumed).toMatchObject({ steps: 4, finished: true });
    const weights = (path: string) => readFileSync(join(path, 'model.safetensors'));
    expect(weights(resumed.checkpoint!).equals(weights(whole.checkpoint!))).toBe(true);
    expect((await refusal(run('early', { signal: AbortSignal.abort() }))).name).toBe('AbortError');
  });
});

it('evaluate gives figures of each set, tells how far it is, and is ended by its signal', async () => {
  const told = new Set<string>();
  const call = { checkpoint: [checkpoint], baseline: ['random'], data: [records], latencyCalls: 0, resamples: 20, cache: false };
  const result = await evaluate({
    ...call,
    onStart: ({ systems, sets }) => told.add(`${systems} on ${sets}`),
    onEvent: (system, { type }) => told.add(`${system} ${type}`),
  });
  expect(result.results.map(({ system, set, predicted }) => [system, set, predicted.length])).toEqual([
    ['checkpoint', 'records', 16],
    ['random', 'records', 16],
  ]);
  for (const each of ['checkpoint,random on records', 'checkpoint loaded', 'checkpoint progress', 'random result'])
    expect([...told]).toContain(each);
  const controller = new AbortController();
  const ended = await refusal(evaluate({ ...call, signal: controller.signal, onEvent: () => controller.abort() }));
  expect(ended.name).toBe('AbortError');
});

it('exportCheckpoint tells what it makes and how far it is', async () => {
  const told: string[] = [];
  await exportCheckpoint({
    ...{ checkpoint, output: join(folder, 'exported') },
    note: (line) => told.push(line),
    onGraph: (file, place, graphs) => told.push(`${file} ${place}/${graphs}`),
    onProduct: (done, products) => done === products && told.push('all products'),
    onMade: (file, bytes) => told.push(`${file} made: ${bytes > 1000}`),
  });
  expect(told).toEqual([
    '1 of 2: model.onnx ...',
    'model.onnx 1/2',
    'model.onnx made: true',
    '2 of 2: model_int8.onnx ...',
    'model_int8.onnx 2/2',
    'model_int8.onnx made: true',
  ]);
});

it('generate is ended by its signal, and the same call goes on', async () => {
  const answer = (_: string, at: number) => [
    { text: `I would like to know ${uniqueText(at)}`, labels: ['question'], not_labels: ['complaint'] },
  ];
  const server = await startFaultServer({ share: 0, faults: [], answer });
  const before = process.env.OLLAMA_HOST;
  process.env.OLLAMA_HOST = server.url;
  try {
    const controller = new AbortController();
    const call = { model: 'tiny', output: join(folder, 'generated.jsonl'), settings: { count: 8 }, concurrency: 1 };
    const ended = await generate({ ...call, signal: controller.signal, onProgress: ({ kept }) => kept > 0 && controller.abort() });
    expect(ended.wanted).toBe(8);
    expect(ended.kept).toBeLessThan(8);
    const begun: number[] = [];
    const result = await generate({ ...call, onStart: ({ kept }) => begun.push(kept) });
    expect(begun).toEqual([ended.kept]);
    expect(result).toMatchObject({ kept: 8, wanted: 8, failed: 0, figures: { kept: 8, model: 'tiny (ollama)' } });
    expect(readFileSync(call.output, 'utf8').split('\n')).toHaveLength(9);
    expect(existsSync(`${call.output}.report.html`)).toBe(true);
    expect((await refusal(generate({ ...call, settings: { count: 8, seed: 2 } }))).message).toMatch(/choose another output$/);
  } finally {
    process.env.OLLAMA_HOST = before;
    if (before === undefined) delete process.env.OLLAMA_HOST;
    await server.close();
  }
});
