/** Fine-tuning on entailment pairs: loss and gradients as PyTorch, on every family with a head; then SmartShot as a system. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '../../../src/base/random.ts';
import type { EvalSet } from '../../../src/eval/sets/eval-set.ts';
import { fewShots } from '../../../src/eval/systems/few-shot-examples.ts';
import { modelWeights, readConfig } from '../../../src/eval/systems/model-folder.ts';
import { createPairTrainer } from '../../../src/eval/systems/models/pair-training.ts';
import { createSequenceClassifier } from '../../../src/eval/systems/models/sequence-classifier.ts';
import { entailmentPairs, SMARTSHOT } from '../../../src/eval/systems/smartshot.ts';
import { loadTokenizer } from '../../../src/text/tokenizer/tokenizer.ts';
import { modelFolder, NLI_FOLDERS } from './model-folders.ts';

interface Golden {
  tokenizer: string;
  logits: { pairs: [string, string][] };
  training: { targets: number[]; loss: number; gradient_norms: Record<string, number> };
}

async function trainerOf(folder: string) {
  const model = createSequenceClassifier(readConfig(folder));
  const weights = modelWeights(folder, model.parameterShapes());
  return createPairTrainer({ model, weights, tokenizer: await loadTokenizer(folder), session: { threads: 1 } });
}

describe.each(NLI_FOLDERS)('%s', (name) => {
  it('has the loss and gradients of PyTorch', async () => {
    const { folder, golden } = modelFolder<Golden>(name);
    const trainer = await trainerOf(folder);
    try {
      const pairs = golden.logits.pairs.map(([first, second], at) => ({ first, second, target: golden.training.targets[at] }));
      const { loss, gradients } = await trainer.gradients(pairs);
      expect(Math.abs(loss - golden.training.loss)).toBeLessThan(1e-5);
      let compared = 0;
      for (const [full, norm] of Object.entries(golden.training.gradient_norms)) {
        const found = gradients.get(full) ?? gradients.get(full.slice(full.indexOf('.') + 1));
        if (!found) continue; // poolers that the loss does not reach
        const own = Math.sqrt(found.reduce((sum, value) => sum + value * value, 0));
        expect([full, Math.abs(own - norm) < 1e-5 + 1e-4 * norm]).toEqual([full, true]);
        compared++;
      }
      expect(compared).toBe(gradients.size);
    } finally {
      await trainer.dispose();
      rmSync(folder, { recursive: true });
    }
  });
});

describe('SmartShot', () => {
  const examples = Array.from({ length: 12 }, (_, i) => ({
    text: `text ${i} about ${i % 2 ? 'rain' : 'the game'}`,
    labels: [i % 2 ? 'weather' : 'sports'],
  }));
  const labels = ['sports', 'weather', 'politics'];
  const { folder } = modelFolder<Golden>('nli-distilbert');
  afterAll(() => rmSync(folder, { recursive: true }));
  const create = (options: Record<string, string>) =>
    SMARTSHOT.create({ spec: { name: 'smartshot', kind: 'smartshot', model: folder, options }, model: folder, threads: 1 });
  const set: EvalSet = {
    name: 'set',
    texts: examples.map(({ text }) => text),
    truth: examples.map((example) => example.labels),
    labels,
    multiLabel: false,
    hash: '',
    available: 12,
    examples,
  };

  it('takes a few examples of each label and makes pairs of right and wrong labels', () => {
    const few = fewShots(examples, 2);
    expect(few.map(({ labels: [label] }) => label)).toEqual(['sports', 'weather', 'sports', 'weather']);
    const pairs = entailmentPairs(few, labels, (label) => `About ${label}.`, { entailment: 2, contradiction: 0 }, 1, seededRandom(1));
    expect(pairs).toHaveLength(8);
    for (const { second, target, first } of pairs) {
      const own = few.find(({ text }) => text === first)!.labels[0];
      expect(second === `About ${own}.`).toBe(target === 2);
    }
    expect(entailmentPairs(few, labels, String, { entailment: 2, contradiction: 0 }, 9, seededRandom(1))).toHaveLength(12);
  });

  it('learns the task, and the same in every run', async () => {
    const accuracy = async (options: Record<string, string>): Promise<[number, number[]]> => {
      const system = await create(options);
      try {
        await system.prepare?.(set);
        const { choice } = await system.score(set.texts, labels, {});
        const right = set.truth.filter(([label], row) => {
          const scores = choice.subarray(row * 3, row * 3 + 3);
          return scores.indexOf(Math.max(...scores)) === labels.indexOf(label);
        });
        return [right.length / set.texts.length, [...choice]];
      } finally {
        await system.dispose();
      }
    };
    const tuned = { shots: '6', epochs: '30', rate: '0.01', batch: '8', negatives: '2' };
    const [after] = await accuracy(tuned);
    const [before] = await accuracy({ ...tuned, rate: '0', epochs: '1' });
    expect(before).toBeLessThan(0.75);
    expect(after).toBe(1);
    const brief = { ...tuned, epochs: '2' };
    expect((await accuracy(brief))[1]).toEqual((await accuracy(brief))[1]);
  });

  it('says what it lacks', async () => {
    const system = await create({});
    await expect(system.prepare?.({ ...set, examples: undefined })).rejects.toThrow(
      /no labelled examples of set: SmartShot needs train\.jsonl/,
    );
    await system.dispose();
    const file = join(folder, 'examples.jsonl');
    writeFileSync(file, '{"text": "a"}\n');
    await expect(create({ examples: file })).rejects.toThrow(/examples\.jsonl, line 1: no field "labels"/);
    const embeddings = modelFolder<{ tokenizer: string }>('embeddings-bert').folder;
    await expect(
      SMARTSHOT.create({ spec: { name: 's', kind: 'smartshot', model: embeddings, options: {} }, model: embeddings, threads: 1 }),
    ).rejects.toThrow(/needs an NLI model/);
    rmSync(embeddings, { recursive: true });
  });
});
