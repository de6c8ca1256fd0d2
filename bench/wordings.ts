/**
 * How much macro-F1 depends on how labels are worded: sets with their own labels and two other wordings each (data/label-wordings.json), written without a
 * look at the texts.
 * Run: npm run bench -- wordings --data FOLDER_OF_SETS [--data ANOTHER] [--checkpoint FOLDER]... [--limit 200]
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { loadClassifier } from '../src/classify/load-classifier.ts';
import { topLabelF1 } from '../src/eval/metrics/classification.ts';
import { findEvalSets, readEvalSet } from '../src/eval/sets/eval-set.ts';
import { SHIPPED_CHECKPOINT } from '../src/options/shipped-checkpoint.ts';
import { readLabel } from '../src/text/described-labels.ts';

const { values } = parseArgs({
  options: {
    checkpoint: { type: 'string', default: SHIPPED_CHECKPOINT },
    data: { type: 'string', multiple: true, default: [] },
    limit: { type: 'string', default: '200' },
  },
});
const file = new URL('../../../bench/data/label-wordings.json', import.meta.url);
const others = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string[][]>;

const mean = (some: readonly number[]): number => some.reduce((sum, each) => sum + each, 0) / some.length;
const best = (scores: ArrayLike<number>): number => Array.from(scores).reduce((most, score, at, all) => (score > all[most] ? at : most), 0);

const classifier = await loadClassifier(values.checkpoint);
const columns = ['own', 'second', 'third', 'range', 'mean of the three logits', 'own, the others as examples'];
console.log(`| set | ${columns.join(' | ')} |\n| --- |${' --- |'.repeat(columns.length)}`);
const rows: number[][] = [];
for (const folder of values.data.flatMap(findEvalSets)) {
  const found = others[basename(folder)];
  if (!found) continue;
  const { texts, truth, labels } = await readEvalSet(folder, { limit: Number(values.limit) });
  // Checkpoints that ship score a label by itself, so that all wordings are read at once.
  const wordings = [labels, ...found];
  const all = [...new Set(wordings.flat())];
  const logits = (await classifier.logits(texts.map((text) => ({ text, labels: all })))).map(({ logits }) => logits);
  const at = wordings.map((names) => names.map((name) => all.indexOf(name)));
  const numbers = truth.map((own) => own.map((label) => labels.indexOf(label)));
  const f1 = (scoresOf: (row: Float32Array) => number[]): number =>
    topLabelF1(
      numbers,
      Int32Array.from(logits, (row) => best(scoresOf(row))),
      labels.length,
    ).macro;
  const each = at.map((places) => f1((row) => places.map((place) => row[place])));
  const together = f1((row) => labels.map((_, label) => mean(at.map((places) => row[places[label]]))));
  const read = labels.map((label, at) =>
    readLabel(
      label,
      undefined,
      found.map((names) => names[at]),
    ),
  );
  const exemplified = (await classifier.logits(texts.map((text) => ({ text, labels: read })))).map((result) => best(result.logits));
  rows.push([
    ...each,
    Math.max(...each) - Math.min(...each),
    together,
    topLabelF1(numbers, Int32Array.from(exemplified), labels.length).macro,
  ]);
  console.log(`| ${[basename(folder), ...rows[rows.length - 1].map((cell) => cell.toFixed(3))].join(' | ')} |`);
}
console.log(`| mean of ${rows.length} | ${columns.map((_, column) => mean(rows.map((row) => row[column])).toFixed(3)).join(' | ')} |`);
await classifier.dispose();
