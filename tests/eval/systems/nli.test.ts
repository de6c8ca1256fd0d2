/** NLI models and cross-encoders against the zero-shot pipeline of transformers, on tiny random models of every family with a head. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { entailmentIndex, NLI } from '../../../src/eval/systems/nli.ts';
import type { System } from '../../../src/eval/systems/system.ts';
import { largestDifference, modelFolder, NLI_FOLDERS } from './model-folders.ts';

interface Golden {
  tokenizer: string;
  texts: string[];
  labels: string[];
  runs: { template: string; multi: boolean; scores: number[] }[];
  long: { text: string; scores: number[] };
}

const load = (folder: string, options: Record<string, string> = {}): Promise<System> =>
  NLI.create({ spec: { name: 'nli', kind: 'nli', model: folder, options }, model: folder, threads: 1 });

describe.each(NLI_FOLDERS)('%s', (name) => {
  it('scores as the transformers pipeline', async () => {
    const { folder, golden } = modelFolder<Golden>(name);
    const system = await load(folder);
    try {
      for (const { template, multi, scores } of golden.runs) {
        const matrix = await system.score(golden.texts, golden.labels, { template });
        expect(largestDifference(multi ? matrix.each : matrix.choice, scores)).toBeLessThan(1e-4);
      }
      // Longer than the model's positions: the text is cut, the hypothesis stays.
      const long = await system.score([golden.long.text], golden.labels, {});
      expect(largestDifference(long.choice, golden.long.scores)).toBeLessThan(1e-4);
    } finally {
      await system.dispose();
      rmSync(folder, { recursive: true });
    }
  });
});

it('scores a reranker with one output by its sigmoid, with bare labels', async () => {
  const { folder, golden } = modelFolder<{ tokenizer: string; texts: string[]; labels: string[]; scores: number[] }>('reranker-roberta');
  const system = await load(folder);
  try {
    const { each } = await system.score(golden.texts, golden.labels, {});
    expect(largestDifference(each, golden.scores)).toBeLessThan(1e-4);
  } finally {
    await system.dispose();
    rmSync(folder, { recursive: true });
  }
});

it('finds the entailment class by name, and refuses a model without one', async () => {
  expect(entailmentIndex({ label2id: { CONTRADICTION: 0, NEUTRAL: 1, ENTAILMENT: 2 } })).toBe(2);
  expect(entailmentIndex({ id2label: { 0: 'entailment', 1: 'not_entailment' } })).toBe(0);
  expect(entailmentIndex({ id2label: { 0: 'positive', 1: 'negative' } })).toBeUndefined();
  const { folder } = modelFolder<Golden>('nli-bert');
  try {
    const file = join(folder, 'config.json');
    const config = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify({ ...config, id2label: { 0: 'a', 1: 'b', 2: 'c' }, label2id: { a: 0, b: 1, c: 2 } }));
    await expect(load(folder)).rejects.toThrow(/names no entailment class \(it has a, b, c\)/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
