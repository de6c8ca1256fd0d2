/** Exported files of models that read labels once: bare ONNX Runtime runs them to the model's own logits, by the README's own code. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeExport } from '../../src/export/write-export.ts';
import { GliZNet } from '../../src/index.ts';
import { ARTICLE_OPTIONS } from '../../src/model/options.ts';
import { LATE_OPTIONS } from '../random-model.ts';
import { ROOT, temporaryFolder, writeTinyCheckpoint } from '../tiny-checkpoint.ts';

process.env.GLZ_CACHE = temporaryFolder();

describe('writeExport', () => {
  it.each([
    ['two vectors, which one graph makes', { marker: '[MASK]' }],
    ['labels that read tokens', { marker: '[MASK]', tokenShare: 0.6, tokenSharpness: 8 }],
    ['an upper layer with set attention', { marker: '[MASK]', upperLayers: 1, setAttention: true }],
    ['labels between [CLS] and [SEP], texts by [CLS]', { labelStyle: 'separator' as const, textPooling: 'cls' as const }],
  ])('of %s: its JavaScript gives the logits that glz gives', async (_, kind) => {
    const checkpoint = await writeTinyCheckpoint({ ...LATE_OPTIONS, ...kind });
    const output = join(temporaryFolder(), 'onnx');
    await writeExport(checkpoint, output, ['fp32']);
    expect(readdirSync(output).sort()).toEqual([
      'README.md',
      'example.json',
      ...('labelStyle' in kind || 'upperLayers' in kind ? ['labels.onnx'] : []),
      'model.onnx',
      'scores.onnx',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    const { text, labels, logits } = JSON.parse(readFileSync(join(output, 'example.json'), 'utf8'));
    const model = await GliZNet.load(checkpoint);
    const [own] = await model.logits([text], labels);
    await model.dispose();
    const readme = readFileSync(join(output, 'README.md'), 'utf8');
    const code = /```js\n([\s\S]*?)```/.exec(readme)![1].replace(/console\.log\(.*\);/, 'console.log(JSON.stringify([...logits.data]));');
    writeFileSync(join(output, 'run.mjs'), code);
    symlinkSync(join(ROOT, 'node_modules'), join(output, 'node_modules'));
    const printed = JSON.parse(execFileSync(process.execPath, ['run.mjs'], { cwd: output, encoding: 'utf8' }));
    for (const [k, logit] of printed.entries()) {
      expect(logit).toBeCloseTo(logits['model.onnx'][k], 4);
      expect(logit).toBeCloseTo(own[k], 4);
    }
  });
});

it('what scale/python makes scores with has every field of the calibration', () => {
  const python = readFileSync(join(ROOT, 'scale/python/glz_onnx.py'), 'utf8');
  for (const field of Object.keys(ARTICLE_OPTIONS.calibration)) expect(python).toMatch(new RegExp(`\\b${field}\\b`));
});
