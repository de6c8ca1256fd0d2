/**
 * What a label is best read as: its name, a description of it, both as one text, both as `glz predict` reads them; and what one and three examples
 * add. Descriptions are ours (bench/data/label-descriptions.json), written without a look at the texts; examples are drawn from each set's texts and left
 * out of what is scored, three draws. Macro-F1 of the likeliest label, of texts with one label.
 * Run: npm run bench -- label-readings --data FOLDER OF SETS [--data ...] [--checkpoint FOLDER] [--limit 200]
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { randomStream } from '../src/base/random.ts';
import { loadClassifier } from '../src/classify/load-classifier.ts';
import { topLabelF1 } from '../src/eval/metrics/classification.ts';
import { type EvalSet, findEvalSets, readEvalSet } from '../src/eval/sets/eval-set.ts';
import { SHIPPED_CHECKPOINT } from '../src/options/shipped-checkpoint.ts';
import { readLabel } from '../src/text/described-labels.ts';
import type { ReadLabel } from '../src/text/label-texts.ts';

const { values } = parseArgs({
  options: {
    checkpoint: { type: 'string', default: SHIPPED_CHECKPOINT },
    data: { type: 'string', multiple: true, default: [] },
    limit: { type: 'string', default: '200' },
  },
});
const DRAWS = 3;

type Descriptions = Record<string, Record<string, string>>;
const file = new URL('../../../bench/data/label-descriptions.json', import.meta.url);
const descriptions = JSON.parse(readFileSync(file, 'utf8')) as Descriptions;

const classifier = await loadClassifier(values.checkpoint);

/** Macro-F1 of the texts of a set that are not left out. */
async function macroF1({ texts, truth, labels }: EvalSet, read: readonly ReadLabel[], leftOut: ReadonlySet<number>): Promise<number> {
  const rows = texts.map((_, row) => row).filter((row) => !leftOut.has(row));
  const results = await classifier.logits(rows.map((row) => ({ text: texts[row], labels: read })));
  const best = Int32Array.from(results, ({ logits }) => logits.reduce((most, logit, at) => (logit > logits[most] ? at : most), 0));
  const numbers = rows.map((row) => truth[row].map((label) => labels.indexOf(label)));
  return topLabelF1(numbers, best, labels.length).macro;
}

/** Up to `count` texts of each label, never more than half of those that have it. */
function examplesOf({ texts, truth, labels }: EvalSet, count: number, draw: number): number[][] {
  const random = randomStream(11, draw);
  return labels.map((label) => {
    const own = texts.map((_, row) => row).filter((row) => truth[row][0] === label);
    const taken: number[] = [];
    while (taken.length < Math.min(count, Math.floor(own.length / 2))) taken.push(...own.splice(Math.floor(random() * own.length), 1));
    return taken;
  });
}

const columns = ['name', 'description', '"name: description"', 'described', '1 example', '3 examples', 'described, 3 examples'];
const sums = columns.map(() => 0);
let sets = 0;
console.log(['set'.padEnd(24), 'labels', ...columns].join('  '));
for (const folder of values.data.flatMap(findEvalSets)) {
  const own = descriptions[basename(folder)];
  if (!own) continue;
  const set = await readEvalSet(folder, { limit: Number(values.limit) });
  const said = (label: string): string => own[label];
  const withExamples = async (count: number, isDescribed: boolean): Promise<number> => {
    let sum = 0;
    for (let draw = 0; draw < DRAWS; draw++) {
      const rows = examplesOf(set, count, draw);
      const read = set.labels.map((label, at) =>
        readLabel(
          label,
          isDescribed ? said(label) : undefined,
          rows[at].map((row) => set.texts[row]),
        ),
      );
      sum += await macroF1(set, read, new Set(rows.flat()));
    }
    return sum / DRAWS;
  };
  const scores = [
    await macroF1(set, set.labels, new Set()),
    await macroF1(set, set.labels.map(said), new Set()),
    await macroF1(
      set,
      set.labels.map((label) => `${label}: ${said(label)}`),
      new Set(),
    ),
    await macroF1(
      set,
      set.labels.map((label) => readLabel(label, said(label))),
      new Set(),
    ),
    await withExamples(1, false),
    await withExamples(3, false),
    await withExamples(3, true),
  ];
  sets++;
  for (const [at, score] of scores.entries()) sums[at] += score;
  console.log(
    [
      basename(folder).padEnd(24),
      String(set.labels.length).padStart(6),
      ...scores.map((score, at) => score.toFixed(3).padStart(columns[at].length)),
    ].join('  '),
  );
}
console.log(
  ['mean'.padEnd(24), String(sets).padStart(6), ...sums.map((sum, at) => (sum / sets).toFixed(3).padStart(columns[at].length))].join('  '),
);
await classifier.dispose();
