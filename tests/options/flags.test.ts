import { Command } from 'commander';
import { addFlags } from '../../src/cli/flags.ts';
import { generateFlags } from '../../src/generate/settings.ts';
import type { Declarations } from '../../src/options/declaration.ts';
import { EVAL_FLAGS } from '../../src/options/eval.ts';
import { EXPORT_FLAGS } from '../../src/options/export.ts';
import { PREDICT_FLAGS } from '../../src/options/predict.ts';
import { SETUP_GPU_FLAGS } from '../../src/options/setup-gpu.ts';
import { trainFlags } from '../../src/train/settings.ts';

/** What a command gets of a command line, or the message that refuses it. */
function parsed(declarations: Declarations, words: string[]): Record<string, unknown> | string {
  let message = '';
  const command = addFlags(new Command('test'), declarations)
    .exitOverride()
    .configureOutput({ writeErr: (text) => (message += text) });
  try {
    return command.parse(words, { from: 'user' }).opts();
  } catch {
    return message.trim();
  }
}

describe('declared flags', () => {
  it('fill in their defaults and nothing else', () => {
    expect(parsed(PREDICT_FLAGS, [])).toEqual({
      ...{ batchSize: 32, windows: 4, onError: 'skip' },
      checkpoint: expect.stringMatching(/checkpoints.glz-mini$/),
    });
    expect(parsed(EVAL_FLAGS, [])).toEqual({
      ...{ checkpoint: [], baseline: [], data: [], suite: [], failUnder: [] },
      ...{ latencyCalls: 50, resamples: 1000, cache: true, isolate: true },
    });
    expect(parsed(SETUP_GPU_FLAGS, [])).toEqual({ tensorflow: '2.21.0' });
    expect(parsed(generateFlags(), [])).toEqual({
      ...{ config: 'small', provider: 'ollama', concurrency: 2, timeout: 300, retries: 6, backOff: 1 },
    });
    // Settings that are not given are left to the settings file.
    expect(parsed(trainFlags(), ['--output', 'o'])).toEqual({ data: [], set: [], onError: 'fail', output: 'o' });
  });

  it('give what the command line says, by the name that it has in code', () => {
    const words = ['--multi-label', '--threshold', '0.5', '--top-k', '3', '--shortlist', '0', '--format', 'tsv'];
    expect(parsed(PREDICT_FLAGS, words)).toMatchObject({ multiLabel: true, threshold: 0.5, topK: 3, shortlist: 0, format: 'tsv' });
    expect(parsed(EVAL_FLAGS, ['--data', 'a', '--data', 'b', '--no-cache', '--compare', 'x', 'y'])).toMatchObject({
      ...{ data: ['a', 'b'], cache: false, isolate: true, compare: ['x', 'y'] },
    });
    const flags = ['--output', 'o', '--epochs', '0.5', '--batch-size', '4', '--dev', 'd', '--set', 'a=1', '--set', 'b=2'];
    expect(parsed(trainFlags(), flags)).toMatchObject({ epochs: 0.5, batchSize: 4, dev: 'd', set: ['a=1', 'b=2'] });
  });

  it.each<[Declarations, string[], RegExp]>([
    [PREDICT_FLAGS, ['--top-k', '0'], /'--top-k <n>' argument '0' is invalid\. expected a whole number from 1 on\./],
    [PREDICT_FLAGS, ['--top-k', '1e3'], /expected a whole number from 1 on/],
    [PREDICT_FLAGS, ['--threshold', '1.1'], /expected a number from 0 to 1\./],
    [PREDICT_FLAGS, ['--threshold', ''], /expected a number from 0 to 1\./],
    [PREDICT_FLAGS, ['--threads', '1000000'], /expected a whole number from 1 to 1024\./],
    [PREDICT_FLAGS, ['--format', 'xml'], /Allowed choices are jsonl, csv, tsv, text, parquet\./],
    [PREDICT_FLAGS, ['--tresh', '1'], /unknown option '--tresh'/],
    [generateFlags(), ['--timeout', '0'], /expected a number above 0\./],
    [generateFlags(), ['--examples-per-request', '21'], /expected a whole number from 1 to 20\./],
    [trainFlags(), ['--output', 'o', '--epochs', '0'], /expected a number above 0\./],
    [trainFlags(), ['--output', 'o', '--seed', '-1'], /expected a whole number from 0 on\./],
    [EXPORT_FLAGS, [], /required option '-o, --output <folder>' not specified/],
  ])('refuse a value that is none of theirs', (declarations, words, message) => {
    expect(parsed(declarations, words)).toMatch(message);
  });
});
