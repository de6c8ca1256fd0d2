/**
 * How well scores tell texts that a label fits from texts that none fits: AUROC set by set, and what `--abstain` does at its level. The tables of docs/abstain.md.
 * Run: npm run bench -- abstain --data FOLDER_OF_SETS [--data ANOTHER] [--checkpoint FOLDER] [--limit 400]
 *
 * near: the same texts without their own labels; a wrong label each is left out of the whole sets, so that the number of labels says nothing. `as is`: nothing is left out.
 * far: texts of the other sets. Sets of 4 to 80 labels. Neighbours are those of the whole set.
 */
import { parseArgs } from 'node:util';
import { loadClassifier } from '../src/classify/load-classifier.ts';
import { choiceProbabilities, labelProbability } from '../src/classify/probabilities.ts';
import { ABSTAIN_BELOW } from '../src/classify/tuning/abstain-level.ts';
import { fitOf, neighboursOf } from '../src/classify/tuning/label-fit.ts';
import { binaryAuroc } from '../src/eval/metrics/ranking.ts';
import { type EvalSet, findEvalSets, readEvalSet } from '../src/eval/sets/eval-set.ts';

const { values } = parseArgs({
  options: {
    data: { type: 'string', multiple: true },
    checkpoint: { type: 'string', default: 'checkpoints/glz-mini' },
    limit: { type: 'string', default: '400' },
  },
});
const [FEWEST, MOST] = [4, 80];
const classifier = await loadClassifier(values.checkpoint);
const { calibration } = classifier.options;

const sets: EvalSet[] = [];
for (const path of (values.data ?? ['datasets/benchmark']).flatMap(findEvalSets)) {
  const set = await readEvalSet(path, { limit: Number(values.limit) });
  if (set.labels.length >= FEWEST && set.labels.length <= MOST && !set.recordLabels) sets.push(set);
}

/** Logits of the labels that are left, and of the neighbours. */
interface Scored {
  own: Float32Array;
  all: Float32Array;
}

const logSum = (logits: Float32Array): number => {
  const top = Math.max(...logits);
  return top + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - top), 0));
};
const sigmoid = ({ own }: Scored): number => labelProbability(Math.max(...own), calibration);
const softmax = ({ own }: Scored): number => Math.max(...choiceProbabilities(own, calibration));
const SCORES: Record<string, (scored: Scored) => number> = {
  'best sigmoid': sigmoid,
  'best softmax': softmax,
  'product of both': (scored) => sigmoid(scored) * softmax(scored),
  'margin over the second': ({ own }) => {
    const [first, second] = Array.from(own).sort((a, b) => b - a);
    return first - second;
  },
  energy: ({ own }) => logSum(own),
  fit: ({ own, all }) => fitOf(all, own.length, calibration),
};

const leftOf = (logits: Float32Array, labels: number, isLeft: (label: number) => boolean): Scored => ({
  own: logits.slice(0, labels).filter((_, at) => isLeft(at)),
  all: logits.filter((_, at) => at >= labels || isLeft(at)),
});

/** AUROC of two lists of scores, the first should be higher. */
const aurocOf = (fits: readonly number[], none: readonly number[]): number =>
  binaryAuroc([...fits, ...none], [...fits.map(() => 1), ...none.map(() => 0)]);

const mean = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
const share = (flags: readonly boolean[]): number => mean(flags.map(Number));

const results: {
  name: string;
  labels: number;
  near: Record<string, number>;
  asIs: Record<string, number>;
  far: Record<string, number>;
  level: number[];
}[] = [];
for (const set of sets) {
  const count = set.labels.length;
  const labels = [...set.labels, ...(await neighboursOf(classifier, set.labels))];
  const logitsOf = async (texts: readonly string[]) =>
    (await classifier.logits(texts.map((text) => ({ text, labels })))).map(({ logits }) => logits);
  const foreign = sets.filter((other) => other !== set).flatMap(({ texts }) => texts.filter((_, at) => at % (2 * sets.length) === 0));
  const [logits, farLogits] = [await logitsOf(set.texts), await logitsOf(foreign)];
  const truth = set.truth.map((names) => new Set(names.map((name) => set.labels.indexOf(name))));
  const rows = [...logits.keys()].filter((row) => truth[row].size > 0 && truth[row].size < count);
  // Wrong labels that are left out beside the text, as many as it has true ones: the row's number chooses.
  const dropped = rows.map((row) => {
    const wrong = [...Array(count).keys()].filter((label) => !truth[row].has(label));
    const drop = Math.min(truth[row].size, wrong.length - 1);
    return new Set(Array.from({ length: drop }, (_, at) => wrong[(row * 7919 + at) % wrong.length]));
  });
  const whole = rows.map((row) => leftOf(logits[row], count, () => true));
  const fewer = rows.map((row, at) => leftOf(logits[row], count, (label) => !dropped[at].has(label)));
  const none = rows.map((row) => leftOf(logits[row], count, (label) => !truth[row].has(label)));
  const far = farLogits.map((each) => leftOf(each, count, () => true));
  const by = (one: Scored[], other: Scored[]) =>
    Object.fromEntries(Object.entries(SCORES).map(([name, score]) => [name, aurocOf(one.map(score), other.map(score))]));
  const isRight = rows.map((row) => {
    const own = logits[row].subarray(0, count);
    return truth[row].has(own.indexOf(Math.max(...own)));
  });
  const kept = whole.map((each) => SCORES.fit(each) >= ABSTAIN_BELOW);
  const refused = (each: Scored) => SCORES.fit(each) < ABSTAIN_BELOW;
  const level = [
    share(kept),
    share(kept.filter((_, at) => isRight[at])),
    share(none.map(refused)),
    share(far.map(refused)),
    share(isRight),
    share(isRight.filter((_, at) => kept[at])),
  ];
  results.push({ name: set.name, labels: count, near: by(fewer, none), asIs: by(whole, none), far: by(whole, far), level });
}

const names = Object.keys(SCORES);
console.log(`AUROC, mean of ${results.length} sets\n| score | near | as is | far |\n| --- | --- | --- | --- |`);
for (const name of names)
  console.log(
    `| ${name} | ${[...(['near', 'asIs', 'far'] as const)].map((kind) => mean(results.map((each) => each[kind][name])).toFixed(3)).join(' | ')} |`,
  );
console.log(
  `\nat ${ABSTAIN_BELOW}\n| set | labels | best sigmoid, near | fit, near | as is | far | kept | rights kept | near refused | far refused | accuracy | of what is answered |`,
);
console.log(`|${' --- |'.repeat(12)}`);
for (const { name, labels, near, asIs, far, level } of results) {
  const cells = [near['best sigmoid'], near.fit, asIs.fit, far.fit].map((auroc) => auroc.toFixed(3));
  console.log(`| ${[name, labels, ...cells, ...level.map((each) => each.toFixed(2))].join(' | ')} |`);
}
const means = [0, 1, 2, 3, 4, 5].map((at) => mean(results.map(({ level }) => level[at])).toFixed(2));
const aurocs = [
  (each: (typeof results)[number]) => each.near['best sigmoid'],
  (each: (typeof results)[number]) => each.near.fit,
  (each: (typeof results)[number]) => each.asIs.fit,
  (each: (typeof results)[number]) => each.far.fit,
];
console.log(`| mean | | ${[...aurocs.map((of) => mean(results.map(of)).toFixed(3)), ...means].join(' | ')} |`);
await classifier.dispose();
