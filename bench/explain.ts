/**
 * What explanations say and cost. Leaves words out of each text, one or a fifth: those that add most to the best label's logit, or some drawn by chance,
 * and counts how often the answer changes; how far words that are ranked by what they add are ranked as by leaving each out (Spearman); processor time of
 * a text with and without explanations, in turns.
 * Run: npm run bench -- explain SET... (folders with test.jsonl and labels.json) [--texts 300] [--ranked 60] [--seed 1] [--rounds 5] [--checkpoint FOLDER] [--threads 1] [--precision int8]
 */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { randomStream } from '../src/base/random.ts';
import { explain } from '../src/classify/explain/explain.ts';
import { leaveOneOut, without } from '../src/classify/explain/occlusion.ts';
import type { WordScore } from '../src/classify/library-types.ts';
import { loadClassifier } from '../src/classify/load-classifier.ts';
import type { Precision } from '../src/options/predict.ts';
import { SHIPPED_CHECKPOINT } from '../src/options/shipped-checkpoint.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    texts: { type: 'string', default: '300' },
    ranked: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    checkpoint: { type: 'string', default: SHIPPED_CHECKPOINT },
    threads: { type: 'string', default: '1' },
    precision: { type: 'string', default: 'auto' },
    rounds: { type: 'string', default: '5' },
  },
});
const FIFTH = 0.2;
const LETTER = /\p{L}|\p{N}/u;
const random = randomStream(Number(values.seed), 0);
const classifier = await loadClassifier(values.checkpoint, { threads: Number(values.threads), precision: values.precision as Precision });

const best = (logits: Float32Array): number => logits.indexOf(Math.max(...logits));
const bestTwo = (logits: Float32Array): number[] => [...logits.keys()].sort((a, b) => logits[b] - logits[a]).slice(0, 2);
const mean = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Ranks, the mean of their places for equal values. */
function ranks(numbers: readonly number[]): number[] {
  return numbers.map((each) => {
    const below = numbers.filter((other) => other < each).length;
    return below + (numbers.filter((other) => other === each).length - 1) / 2;
  });
}

function spearman(one: readonly number[], other: readonly number[]): number {
  const [a, b] = [ranks(one), ranks(other)];
  const [ma, mb] = [mean(a), mean(b)];
  const product = (x: readonly number[], y: readonly number[], mx: number, my: number) =>
    x.reduce((sum, each, at) => sum + (each - mx) * (y[at] - my), 0);
  return product(a, b, ma, mb) / Math.sqrt(product(a, a, ma, ma) * product(b, b, mb, mb));
}

/** A text without several words. */
const withoutAll = (text: string, words: readonly WordScore[]): string =>
  [...words].sort((a, b) => b.start - a.start).reduce((rest, word) => without(rest, word), text);

const logitsOf = async (texts: readonly string[], labels: readonly string[]) =>
  (await classifier.logits(texts.map((text) => ({ text, labels })))).map(({ logits }) => logits);

async function measure(folder: string): Promise<void> {
  const given = JSON.parse(readFileSync(join(folder, 'labels.json'), 'utf8')) as string[] | { labels: string[] };
  const labels = Array.isArray(given) ? given : given.labels;
  const lines = readFileSync(join(folder, 'test.jsonl'), 'utf8').split('\n').filter(Boolean);
  const texts = lines.map((line) => (JSON.parse(line) as { text: string }).text).slice(0, Number(values.texts));
  const whole = await logitsOf(texts, labels);
  const requests = texts.map((text, at) => ({ text, labels, logits: whole[at], chosen: bestTwo(whole[at]) }));
  const pairsOfBest = await explain(classifier, requests);
  const explanations = pairsOfBest.map(([first]) => first);
  const counted = explanations.map(({ words }) => words.filter(({ word }) => LETTER.test(word)));
  const kept = texts.map((_, at) => at).filter((at) => counted[at].length > 1);
  const second = pairsOfBest.map(([, other]) => new Map(other.words.map(({ start, score }) => [start, score])));
  const own = (at: number) => [...counted[at]].sort((a, b) => b.score - a.score);
  const margin = (at: number) => {
    const more = ({ start, score }: WordScore) => score - second[at].get(start)!;
    return [...counted[at]].sort((a, b) => more(b) - more(a));
  };
  const orders: Record<string, (at: number) => WordScore[]> = {
    'that add most': own,
    'that add most more than to the second label': margin,
    'by chance': (at) => {
      const drawn = counted[at].map((word) => [random(), word] as const).sort(([a], [b]) => a - b);
      return drawn.map(([, word]) => word);
    },
    'that add least': (at) => own(at).reverse(),
  };
  console.log(
    `${basename(folder)}: ${kept.length} texts, ${labels.length} labels, ${mean(kept.map((at) => counted[at].length)).toFixed(1)} words a text`,
  );
  for (const [share, what] of [
    [0, 'one word'],
    [FIFTH, 'a fifth of the words'],
  ] as const)
    for (const [name, order] of Object.entries(orders)) {
      const less = await logitsOf(
        kept.map((at) => withoutAll(texts[at], order(at).slice(0, Math.max(1, Math.round(share * counted[at].length))))),
        labels,
      );
      const changed = kept.filter((at, k) => best(less[k]) !== best(whole[at])).length;
      const fall = mean(kept.map((at, k) => whole[at][best(whole[at])] - less[k][best(whole[at])]));
      console.log(
        `  without ${what} ${name}: ${((100 * changed) / kept.length).toFixed(1)} % other answers, logit ${fall.toFixed(3)} less`,
      );
    }
  const constants = pairsOfBest.flatMap((pair) => pair.filter(({ words }) => words.length > 0).map(({ bias }) => bias));
  const middle = median(constants);
  console.log(
    `  what no word gives: ${middle.toFixed(5)}, at most ${Math.max(...constants.map((each) => Math.abs(each - middle))).toExponential(1)} from it`,
  );
  const agreement: number[] = [];
  const ofDifference: number[] = [];
  const firsts: boolean[] = [];
  for (const at of kept.filter((each) => counted[each].length >= 4).slice(0, Number(values.ranked))) {
    const { words, parts } = await leaveOneOut(classifier, requests[at], { windows: 4 });
    const both = words.flatMap(({ start }, k) => {
      const word = counted[at].find((each) => each.start === start);
      return word ? [{ sum: [word.score, second[at].get(start)!], left: [parts[0][k], parts[1][k]] }] : [];
    });
    if (both.length < 4) continue;
    agreement.push(
      spearman(
        both.map(({ sum }) => sum[0]),
        both.map(({ left }) => left[0]),
      ),
    );
    ofDifference.push(
      spearman(
        both.map(({ sum }) => sum[0] - sum[1]),
        both.map(({ left }) => left[0] - left[1]),
      ),
    );
    const top = (by: 'sum' | 'left') => both.reduce((a, b) => (b[by][0] > a[by][0] ? b : a));
    firsts.push(top('sum') === top('left'));
  }
  console.log(
    `  ranked as by leaving each out: Spearman ${mean(agreement).toFixed(3)}, of what they add more than to the second label ${mean(ofDifference).toFixed(3)}, the same first word ${(100 * mean(firsts.map(Number))).toFixed(0)} % (${agreement.length} texts)`,
  );
  const seconds = async (run: () => Promise<unknown>) => {
    const before = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  };
  const plain: number[] = [];
  const ratios: number[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    const without = await seconds(() => logitsOf(texts, labels));
    const explained = await seconds(async () => {
      await logitsOf(texts, labels);
      await explain(classifier, requests);
    });
    plain.push(without / texts.length);
    ratios.push(explained / without);
  }
  console.log(`  processor ms a text ${(1000 * median(plain)).toFixed(2)}, explained ${median(ratios).toFixed(2)} times that`);
}

for (const folder of positionals) await measure(folder);
await classifier.dispose();
