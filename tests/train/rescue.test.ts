/** A step that fails (no memory on a device), or what follows the last one, loses no step before it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '../../src/base/errors.ts';
import { layoutOf } from '../../src/classify/classifier.ts';
import { readDataset } from '../../src/train/data/dataset.ts';
import { samplerOf } from '../../src/train/data/run-sampler.ts';
import { cpuDevice, type TrainingDevice } from '../../src/train/engine/devices.ts';
import { savedSteps } from '../../src/train/run/run-folder.ts';
import { checkSettings } from '../../src/train/settings.ts';
import { loadStart } from '../../src/train/start.ts';
import { type TrainingRequest, train } from '../../src/train/trainer.ts';
import { TINY_ENCODER, temporaryFolder } from '../tiny-checkpoint.ts';

const NO_MEMORY = 'Failed to allocate memory for requested buffer of size 2203739136';
const STEPS = 8;

/** The CPU, out of memory in one of the calls of a function. */
function failing(call: 'accumulate' | 'apply', failsAt: number): TrainingDevice {
  const device = cpuDevice({ threads: 1 });
  return {
    ...device,
    async createTrainingEngine(request) {
      const engine = await device.createTrainingEngine(request);
      let calls = 0;
      const counted =
        <A extends unknown[], R>(run: (...values: A) => Promise<R>) =>
        async (...values: A): Promise<R> => {
          if (++calls === failsAt) throw new Error(NO_MEMORY);
          return run(...values);
        };
      return call === 'apply' ? { ...engine, apply: counted(engine.apply) } : { ...engine, accumulate: counted(engine.accumulate) };
    },
  };
}

async function prepared(others: object = {}) {
  const path = join(temporaryFolder(), 'data.jsonl');
  const labels = ['travel', 'sport', 'film', 'food'];
  writeFileSync(
    path,
    Array.from({ length: 40 }, (_, row) => JSON.stringify({ text: `text ${row}`, labels: [labels[row % 4]] })).join('\n'),
  );
  const settings = checkSettings(
    { encoder: TINY_ENCODER, data: [path], batch_size: 4, max_steps: STEPS, save_every: 100, accumulation: 2, epochs: 10, ...others },
    'test',
  );
  const start = await loadStart(settings, () => {});
  const layout = await layoutOf(start.tokenizer, start.options);
  const { dataset } = await readDataset(settings.data, start.tokenizer, { maxTextTokens: 32, maxLabelTokens: layout.labelLimit });
  return async (output: string, device: TrainingDevice, resume = false, others: Partial<TrainingRequest> = {}) => {
    const rescued: number[] = [];
    const sampler = await samplerOf({ settings, start, dataset, device });
    const request = { settings, start, dataset, sampler, output, resume, identity: 'same', device, ...others };
    const error = await train({ ...request, onRescue: (step) => rescued.push(step) }).then(
      () => undefined,
      (reason: Error) => reason.message,
    );
    return { rescued, error };
  };
}

describe('a step that fails', () => {
  it('leaves the steps before it saved; the resumed run ends with the weights of a straight one', async () => {
    const run = await prepared();
    const folder = temporaryFolder();
    const [broken, straight] = [join(folder, 'broken'), join(folder, 'straight')];
    // Two passes a step: the second of step 6.
    expect(await run(broken, failing('accumulate', 12))).toEqual({ rescued: [5], error: NO_MEMORY });
    expect(savedSteps(broken)).toEqual([5]);
    expect(await run(broken, cpuDevice({ threads: 1 }), true)).toEqual({ rescued: [], error: undefined });
    expect(await run(straight, cpuDevice({ threads: 1 }))).toEqual({ rescued: [], error: undefined });
    const weights = (output: string) => readFileSync(join(output, 'final/model.safetensors'));
    expect(weights(broken).equals(weights(straight))).toBe(true);
  });

  it('saves nothing where there is nothing new, or where the update itself was cut short', async () => {
    const run = await prepared();
    const output = join(temporaryFolder(), 'run');
    expect(await run(output, failing('accumulate', 1))).toEqual({ rescued: [], error: NO_MEMORY });
    expect(await run(output, failing('apply', 3))).toEqual({ rescued: [], error: NO_MEMORY });
    expect(savedSteps(output)).toEqual([]);
    expect(existsSync(join(output, 'final'))).toBe(false);
  });
});

describe('what follows the last step', () => {
  it('finds the steps saved when it fails: the resumed run only makes the checkpoint', async () => {
    const run = await prepared();
    const folder = temporaryFolder();
    const [broken, straight] = [join(folder, 'broken'), join(folder, 'straight')];
    const device = cpuDevice({ threads: 1 });
    const score = () => Promise.reject(new DataError('label "x" is too long'));
    expect(await run(broken, device, false, { calibrationSets: { score, share: 1 } })).toEqual({
      rescued: [],
      error: 'label "x" is too long',
    });
    expect([savedSteps(broken), existsSync(join(broken, 'final'))]).toEqual([[STEPS], false]);
    const log = readFileSync(join(broken, 'training.jsonl'), 'utf8');
    expect(await run(broken, device, true)).toEqual({ rescued: [], error: undefined });
    expect(readFileSync(join(broken, 'training.jsonl'), 'utf8')).toBe(log);
    await run(straight, device);
    const weights = (output: string) => readFileSync(join(output, 'final/model.safetensors'));
    expect(weights(broken).equals(weights(straight))).toBe(true);
  });

  it('loses no step when an evaluation on the way fails', async () => {
    const run = await prepared({ dev: { data: 'not read here', every: 3 } });
    const output = join(temporaryFolder(), 'run');
    const evaluate = () => Promise.reject(new DataError('a set is gone'));
    expect(await run(output, cpuDevice({ threads: 1 }), false, { evaluate })).toEqual({ rescued: [3], error: 'a set is gone' });
    expect(savedSteps(output)).toEqual([3]);
  });
});
