/** Graphs whose weights lie in a file beside them compute the same, leave nothing behind, and have the whole of every weight. */
import { readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { modelWeights, readConfig } from '../../src/eval/systems/model-folder.ts';
import { createPairClassifier } from '../../src/eval/systems/models/pair-classifier.ts';
import { createSequenceClassifier } from '../../src/eval/systems/models/sequence-classifier.ts';
import { loadTokenizer } from '../../src/text/tokenizer/tokenizer.ts';
import { modelFolder } from '../eval/systems/model-folders.ts';

const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith('glz-onnx-')).length;

it('compute what graphs in one file compute', async () => {
  const { folder } = modelFolder<{ tokenizer: string }>('nli-xlm-roberta');
  const model = createSequenceClassifier(readConfig(folder));
  const request = { model, weights: modelWeights(folder, model.parameterShapes()), tokenizer: await loadTokenizer(folder) };
  const before = left();
  const one = await createPairClassifier({ ...request, session: { threads: 1 } });
  const two = await createPairClassifier({ ...request, session: { threads: 1, largestModel: 0 } });
  try {
    expect(left()).toBe(before);
    const pairs: [string, string][] = [
      ['The striker scored twice.', 'This example is sports.'],
      ['Rain', 'This example is weather.'],
    ];
    expect([...(await two.logits(pairs))]).toEqual([...(await one.logits(pairs))]);
  } finally {
    await one.dispose();
    await two.dispose();
    rmSync(folder, { recursive: true });
  }
});
