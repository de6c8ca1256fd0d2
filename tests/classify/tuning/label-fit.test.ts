import { type LoadedClassifier, loadClassifier } from '../../../src/classify/load-classifier.ts';
import { ABSTAIN_BELOW } from '../../../src/classify/tuning/abstain-level.ts';
import { BACKGROUND_LABELS } from '../../../src/classify/tuning/background-labels.ts';
import { fitOf, neighboursOf, withFit } from '../../../src/classify/tuning/label-fit.ts';
import { SHIPPED_CHECKPOINT } from '../../../src/options/shipped-checkpoint.ts';
import { writeTinyCheckpoint } from '../../tiny-checkpoint.ts';

let classifier: LoadedClassifier;
beforeAll(async () => {
  classifier = await loadClassifier(SHIPPED_CHECKPOINT, { threads: 1 });
});
afterAll(() => classifier.dispose());

const LABELS = ['billing', 'bug report', 'feature request', 'delivery'];
const FITTING = [
  'I was charged twice, please check the invoice',
  'The app crashes when I upload a photo',
  'Where is my parcel? It never came',
];
const FOREIGN = ['The volcano erupted at night', 'She won the match in three sets', 'Mozart wrote this symphony in Vienna'];
const ask = (given: Pick<LoadedClassifier, 'logits'>, texts: readonly string[], labels: readonly string[]) =>
  given.logits(texts.map((text) => ({ text, labels })));

it('texts that a label fits are told from those that none does; scores stay as they were', async () => {
  const fitting = withFit(classifier);
  const results = await ask(fitting, [...FITTING, ...FOREIGN], LABELS);
  const fits = results.map(({ fit }) => fit!);
  expect(Math.min(...fits.slice(0, 3))).toBeGreaterThan(Math.max(...fits.slice(3)));
  expect(Math.min(...fits.slice(0, 3))).toBeGreaterThan(ABSTAIN_BELOW);
  expect(Math.max(...fits.slice(3))).toBeLessThan(ABSTAIN_BELOW);
  const plain = await ask(classifier, [...FITTING, ...FOREIGN], LABELS);
  for (const [at, { logits }] of results.entries()) {
    expect(logits).toHaveLength(4);
    for (const [label, logit] of logits.entries()) expect(logit).toBeCloseTo(plain[at].logits[label], 4);
  }
});

it('the order of labels does not matter; one label has a fit too, and a text of which nothing is read none', async () => {
  const fitting = withFit(classifier);
  const [one] = await ask(fitting, FITTING, LABELS);
  const [other] = await ask(fitting, FITTING, LABELS.toReversed());
  expect(other.fit).toBeCloseTo(one.fit!, 5);
  const [right, wrong] = await ask(fitting, [FITTING[2], FOREIGN[0]], ['delivery']);
  expect(right.fit).toBeGreaterThan(ABSTAIN_BELOW);
  expect(wrong.fit).toBeLessThan(ABSTAIN_BELOW);
  expect((await ask(fitting, [''], LABELS))[0].fit).toBe(0);
});

it('neighbours are near the labels and none of them', async () => {
  const near = await neighboursOf(classifier, ['sport', 'invoice']);
  expect(near).toHaveLength(50);
  expect(near).not.toContain('sport');
  expect(near).not.toContain('invoice');
  expect(near).toContain('football');
  const [label] = BACKGROUND_LABELS;
  expect(await neighboursOf(classifier, [label])).not.toContain(label);
});

it('background labels are many, and the model can tell them apart', async () => {
  expect(BACKGROUND_LABELS.length).toBeGreaterThan(900);
  expect(BACKGROUND_LABELS.every((label) => label.trim() === label && label !== '')).toBe(true);
  expect(await classifier.labelProblem(BACKGROUND_LABELS)).toBeUndefined();
});

it('a checkpoint that reads labels together is asked for its labels only', async () => {
  const joint = await loadClassifier(await writeTinyCheckpoint(), { threads: 1 });
  const asked: number[] = [];
  const fitting = withFit({
    ...joint,
    logits: (requests, options) => {
      asked.push(...requests.map(({ labels }) => labels.length));
      return joint.logits(requests, options);
    },
  });
  const [{ fit, logits }] = await ask(fitting, ['a text'], ['one', 'two']);
  expect(asked).toEqual([2]);
  expect(fit).toBeGreaterThan(0);
  expect(fit).toBeLessThan(1);
  expect(fitOf(logits, 2, joint.options.calibration)).toBe(fit);
  await joint.dispose();
});
