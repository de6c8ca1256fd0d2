import { mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import { GliZNet } from '../../src/index.ts';
import { callGlz } from '../call-glz.ts';
import { temporaryFolder, writeTinyCheckpoint } from '../tiny-checkpoint.ts';

interface Example {
  text: string;
  labels: string[];
  inputs: Record<string, { shape: number[]; data: number[] }>;
  logits: Record<string, number[]>;
}

process.env.GLZ_CACHE = temporaryFolder();

const BLOCKS = { labelStyle: 'marker', marker: '[MASK]', textPooling: 'mean', labelPooling: 'mean', similarity: 'cosine' } as const;
const BLOCK_INPUTS = ['input_ids', 'attention_mask', 'lmask', 'text_mask', 'positions', 'label_numbers', 'block_numbers', 'position_ids'];

describe('glz export', () => {
  it.each([
    ['the article', {}, ['input_ids', 'attention_mask', 'lmask', 'text_mask', 'positions', 'label_numbers']],
    ['gated cross-attention', { ...BLOCKS, crossAttention: 'gated' }, BLOCK_INPUTS],
    ['one-way cross-attention', { ...BLOCKS, crossAttention: 'one-way' }, BLOCK_INPUTS],
  ] as const)('%s: files that bare ONNX Runtime runs to the model’s own logits', async (_, options, names) => {
    const checkpoint = await writeTinyCheckpoint(options);
    const output = join(temporaryFolder(), 'onnx');
    const { code, stdout } = await callGlz(['export', '--checkpoint', checkpoint, '--output', output]);
    expect([code, stdout]).toEqual([0, '']);
    expect(readdirSync(output).sort()).toEqual([
      'README.md',
      'example.json',
      'model.onnx',
      'model_int8.onnx',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    const example = JSON.parse(readFileSync(join(output, 'example.json'), 'utf8')) as Example;
    const model = await GliZNet.load(checkpoint);
    const [own] = await model.logits([example.text], example.labels);
    await model.dispose();
    const readme = readFileSync(join(output, 'README.md'), 'utf8');
    for (const [file, tolerance] of [
      ['model.onnx', 1e-4],
      ['model_int8.onnx', 0.2],
    ] as const) {
      const session = await ort.InferenceSession.create(join(output, file));
      expect([...session.inputNames]).toEqual(names);
      for (const name of names) expect(readme).toContain(`\`${name}\``);
      const feeds = Object.fromEntries(
        Object.entries(example.inputs).map(([name, { shape, data }]) => [name, new ort.Tensor('int32', Int32Array.from(data), shape)]),
      );
      const { logits } = await session.run(feeds, ['logits']);
      for (const [k, logit] of (logits.data as Float32Array).entries()) {
        expect(logit).toBeCloseTo(example.logits[file][k], 4);
        expect(Math.abs(logit - own[k])).toBeLessThan(tolerance);
      }
      await session.release();
    }
  });

  it('says what it makes, how far it is, and how long each file took; glz predict knows the folder and says what to do', async () => {
    const output = join(temporaryFolder(), 'onnx');
    const { code, stderr } = await callGlz(['export', '--checkpoint', await writeTinyCheckpoint(), '--output', output]);
    expect(code).toBe(0);
    expect(stderr.split('\n').map((line) => line.replace(/[\d.]+ (bytes|MB)/, 'SIZE').replace(/\d+s$/, 'TIME'))).toEqual([
      '1 of 2: model.onnx ...',
      '1 of 2: model.onnx, SIZE, made in TIME',
      '2 of 2: model_int8.onnx ...',
      '2 of 2: model_int8.onnx, SIZE, made in TIME',
      expect.stringMatching(/exported to .*onnx in \d+s; its README\.md says how to run it$/),
      '',
    ]);
    for (const command of ['predict', 'serve', 'export']) {
      const args = command === 'predict' ? ['--text', 'x', '--labels', 'a,b'] : command === 'export' ? ['-o', `${output}-2`] : [];
      const used = await callGlz([command, '--checkpoint', output, ...args]);
      expect([used.code, used.stderr]).toEqual([
        1,
        expect.stringMatching(/^glz: .*onnx is an export for ONNX Runtime \(model.*glz reads the checkpoint/),
      ]);
    }
    const file = await callGlz(['predict', '--checkpoint', join(output, 'model.onnx'), '--text', 'x', '--labels', 'a']);
    expect([file.code, file.stderr]).toEqual([1, expect.stringMatching(/model\.onnx is a file; a checkpoint is the folder/)]);
  });

  it('says what stands in the way', async () => {
    const checkpoint = await writeTinyCheckpoint();
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'mine'), 'x');
    const taken = await callGlz(['export', '--checkpoint', checkpoint, '--output', folder]);
    expect([taken.code, taken.stderr]).toEqual([2, expect.stringMatching(/is not empty; --overwrite replaces an export/)]);
    for (const flags of [[], ['--overwrite']]) {
      const file = await callGlz(['export', '--checkpoint', checkpoint, '--output', join(folder, 'mine'), ...flags]);
      expect([file.code, file.stderr]).toEqual([2, expect.stringMatching(/mine is a file; --output names a folder/)]);
    }
    expect(readFileSync(join(folder, 'mine'), 'utf8')).toBe('x');
    const none = await callGlz(['export', '--checkpoint', join(checkpoint, 'none'), '--output', join(temporaryFolder(), 'x')]);
    expect([none.code, none.stderr]).toEqual([1, expect.stringMatching(/no such folder/)]);
    const whole = await callGlz(['export']);
    expect(whole.code).toBe(2);
  });

  it('does not replace the checkpoint, its run or a part of them', async () => {
    const home = temporaryFolder();
    const mine = join(home, 'mine');
    mkdirSync(mine);
    renameSync(await writeTinyCheckpoint(), join(mine, 'final'));
    writeFileSync(join(mine, 'training.jsonl'), '');
    symlinkSync(mine, join(home, 'link'));
    for (const [checkpoint, output] of [
      ['mine', 'mine'],
      ['mine', '.'],
      ['mine', 'link/final'],
      ['mine/final', 'mine/final/onnx'],
      ['link/final', 'mine'],
    ]) {
      const { code, stderr } = await callGlz(['export', '--checkpoint', checkpoint, '--output', output, '--overwrite'], { cwd: home });
      expect([checkpoint, output, code, stderr]).toEqual([checkpoint, output, 2, expect.stringMatching(/lie in each other/)]);
    }
    expect(readdirSync(mine).sort()).toEqual(['final', 'training.jsonl']);
    // A name that only begins alike is another folder.
    const beside = await callGlz(['export', '--checkpoint', 'mine', '--output', 'mine-onnx', '--precision', 'fp32'], { cwd: home });
    expect(beside.code).toBe(0);
  });
});
