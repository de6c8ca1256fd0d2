/** A label of several readings: its vector is their mean by shares, the same in small sets and large ones. */
import '../../eager-tfjs.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLateClassifier } from '../../../src/classify/late/late-classifier.ts';
import { lateFunctions } from '../../../src/classify/late/late-graphs.ts';
import { createEncoder } from '../../../src/model/encoders/index.ts';
import type { GliZNetOptions } from '../../../src/model/options.ts';
import { createGraphSession } from '../../../src/runtime/onnx-session.ts';
import { readLabel } from '../../../src/text/described-labels.ts';
import type { ReadLabel } from '../../../src/text/label-texts.ts';
import { loadTokenizer } from '../../../src/text/tokenizer/tokenizer.ts';
import { traceGraph } from '../../../src/trace/trace.ts';
import { random } from '../../random.ts';
import { LATE_OPTIONS, randomWeights } from '../../random-model.ts';
import { TINY_ENCODER } from '../../tiny-checkpoint.ts';

const encoder = createEncoder(JSON.parse(readFileSync(join(TINY_ENCODER, 'config.json'), 'utf8')));
const TEXT = 'the red house is blue and the other one is in the house of the other one';

async function logitsOf(kind: Partial<GliZNetOptions>, labels: readonly ReadLabel[], settings = {}): Promise<number[]> {
  const options = { ...LATE_OPTIONS, ...kind };
  const { texts, labels: reader, scores } = lateFunctions({ encoder, options }, randomWeights(encoder, options, random(7)));
  const open = (pass: typeof texts) => createGraphSession(traceGraph(pass), { threads: 1 });
  const classifier = await createLateClassifier(
    await loadTokenizer(TINY_ENCODER),
    options,
    { texts: await open(texts), ...(reader ? { labels: await open(reader) } : {}), scores: await open(scores) },
    settings,
  );
  try {
    const [{ logits }] = await classifier.logits([{ text: TEXT, labels }]);
    return [...logits];
  } finally {
    await classifier.dispose();
  }
}

const DOT = { similarity: 'dot' as const };

describe('a label of several readings', () => {
  it('by a product scores the mean of what they score', async () => {
    const [name, description] = await logitsOf(DOT, ['red', 'the house is in it']);
    const [both] = await logitsOf(DOT, [readLabel('red', 'the house is in it')]);
    expect(both).toBeCloseTo((name + description) / 2, 4);
    const [withExample] = await logitsOf(DOT, [readLabel('red', undefined, ['the house is in it'])]);
    expect(withExample).toBeCloseTo(0.75 * name + 0.25 * description, 4);
  });

  it('by a cosine its vector has length 1 again: a reading that is there twice changes nothing', async () => {
    const cosine = { similarity: 'cosine' as const };
    const [once] = await logitsOf(cosine, ['red']);
    const [twice] = await logitsOf(cosine, [readLabel('red', 'red')]);
    expect(twice).toBeCloseTo(once, 4);
  });

  it.each([{}, { upperLayers: 1 }])('scores alike in small sets and large ones, and in any order: %j', async (kind) => {
    const labels = ['red', readLabel('blue', 'the house', ['it is in the house']), 'house', readLabel('and', 'of the other'), 'other'];
    const small = await logitsOf(kind, labels);
    const large = await logitsOf(kind, labels, { largeFrom: 2, blockLabels: 2 });
    const turned = await logitsOf(kind, [...labels].reverse());
    for (const [at, logit] of small.entries()) {
      expect(large[at]).toBeCloseTo(logit, 4);
      expect(turned[labels.length - 1 - at]).toBeCloseTo(logit, 4);
    }
  });

  it('a long example is cut, a long description refused', async () => {
    const long = 'house '.repeat(2000);
    await expect(logitsOf(DOT, [readLabel('red', undefined, [long])])).resolves.toEqual([expect.any(Number)]);
    await expect(logitsOf(DOT, [readLabel('red', long)])).rejects.toThrow(/label "house house .*" is too long/);
  });
});
