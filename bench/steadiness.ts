/**
 * Calibration and steadiness of `--multi-label` scores, set by set: the table of the model card.
 * Run: npm run bench -- steadiness CHECKPOINT FOLDER_OF_SETS [texts a set for calibration, default 250] [for steadiness, default 60]
 *
 * Columns: mean score of right and of wrong labels; expected calibration error, 10 bins; mean of the highest score, and the same over ten
 * labels that fit no text; largest change of a score when the order of labels is turned around; how often the best label stays the best,
 * and how far scores move on average, when those ten are added; how often it stays when labels are read three at a time. Labels that a
 * shortlist leaves out have no score and do not count.
 */

import type { Classifier, ClassifierOptions } from '../src/classify/classifier.ts';
import { loadClassifier } from '../src/classify/load-classifier.ts';
import { labelProbability } from '../src/classify/probabilities.ts';
import { expectedCalibrationError, reliabilityBins } from '../src/eval/metrics/calibration.ts';
import { type EvalSet, findEvalSets, readEvalSet } from '../src/eval/sets/eval-set.ts';

const [folder = 'checkpoints/glz-mini', sets = 'datasets/benchmark', texts = '250', steadyTexts = '60'] = process.argv.slice(2);
// Steadiness is not measured beyond: a larger set's shortlist is so narrow that adding labels changes what is read.
const MOST_LABELS = 200;
const UNRELATED = [
  'beekeeping',
  'violin repair',
  'volcanic rocks',
  'chess openings',
  'cheese making',
  'knitting patterns',
  'orchid care',
  'pottery glazes',
  'falconry',
  'sailing knots',
];

type Candidates = readonly string[];

/** Probability of each label by itself, a row a text: [T][N]; NaN for labels that were not read. */
async function probabilities(
  classifier: Classifier,
  set: EvalSet,
  candidatesOf: (labels: Candidates) => Candidates = (labels) => labels,
  options: ClassifierOptions = {},
): Promise<number[][]> {
  const { calibration } = classifier.options;
  const shared = candidatesOf(set.labels);
  const requests = set.texts.map((text, row) => ({ text, labels: set.recordLabels ? candidatesOf(set.recordLabels[row]) : shared }));
  const results = await classifier.logits(requests, options);
  return results.map(({ logits }) =>
    Array.from(logits, (logit) => (Number.isFinite(logit) ? labelProbability(logit, calibration) : Number.NaN)),
  );
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const highest = (row: readonly number[]): number => Math.max(...row.filter((value) => !Number.isNaN(value)));
const best = (row: readonly number[]): number => row.indexOf(highest(row));
const share = (rows: readonly boolean[]): string => `${Math.round((100 * rows.filter(Boolean).length) / rows.length)} %`;

async function calibrationCells(classifier: Classifier, set: EvalSet): Promise<string[]> {
  const rows = await probabilities(classifier, set);
  const cells = rows.flatMap((row, at) => {
    const labels = set.recordLabels?.[at] ?? set.labels;
    return row.map((value, label) => ({ value, right: set.truth[at].includes(labels[label]) })).filter(({ value }) => !Number.isNaN(value));
  });
  const scores = (wanted: boolean) => cells.filter(({ right }) => right === wanted).map(({ value }) => value);
  const bins = reliabilityBins(
    cells.map(({ value }) => value),
    cells.map(({ right }) => Number(right)),
    10,
  );
  return [
    mean(scores(true)).toFixed(2),
    mean(scores(false)).toFixed(3),
    expectedCalibrationError(bins).toFixed(3),
    mean(rows.map(highest)).toFixed(2),
  ];
}

async function steadinessCells(classifier: Classifier, set: EvalSet): Promise<string[]> {
  const plain = await probabilities(classifier, set);
  const noneFits = await probabilities(classifier, set, () => UNRELATED);
  const turned = (await probabilities(classifier, set, (labels) => labels.toReversed())).map((row) => row.toReversed());
  const more = await probabilities(classifier, set, (labels) => [...labels, ...UNRELATED]);
  const threes = await probabilities(classifier, set, (labels) => labels, { maxLabelsPerGroup: 3 });
  // A label that is read in one of the two only, by a shortlist, has no difference.
  const changes = (others: number[][]): number[] =>
    plain.flatMap((row, at) => row.map((value, label) => Math.abs(value - others[at][label])).filter((change) => !Number.isNaN(change)));
  const own = more.map((row, at) => row.slice(0, plain[at].length));
  return [
    mean(noneFits.map(highest)).toFixed(2),
    Math.max(...changes(turned)).toFixed(3),
    share(more.map((row, at) => best(row) === best(plain[at]))),
    mean(changes(own)).toFixed(3),
    share(threes.map((row, at) => best(row) === best(plain[at]))),
  ];
}

const classifier = await loadClassifier(folder);
console.log(
  '| set | right | wrong | ECE | highest | highest, none fits | order turned | best stays, 10 more | mean change | best stays, groups of 3 |',
);
console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |');
for (const path of findEvalSets(sets)) {
  const set = await readEvalSet(path, { limit: Number(texts) });
  const calibrated = await calibrationCells(classifier, set);
  const steady =
    set.labels.length > MOST_LABELS
      ? Array(5).fill('')
      : await steadinessCells(classifier, await readEvalSet(path, { limit: Number(steadyTexts) }));
  console.log(`| ${[set.name, ...calibrated, ...steady].join(' | ')} |`);
}
await classifier.dispose();
