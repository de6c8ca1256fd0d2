/** What training data and the batches made of it look like: lengths, labels, duplicates. For `glz train --dry-run`. Pure counting. */
import { type JointLayout, SPECIAL_TOKENS } from '../../text/joint-sequence.ts';
import type { DataReport } from './data-report.ts';
import { type Dataset, MEASURED_TOKENS, shownLabel } from './dataset.ts';
import type { SampledBatch, Sampler } from './sampling.ts';

/** Values of a distribution at fixed places. */
export interface Quantiles {
  least: number;
  p5: number;
  median: number;
  p95: number;
  most: number;
  mean: number;
}

/** The quantiles of numbers (nearest rank); zeros where there are none. */
export function quantiles(values: ArrayLike<number>): Quantiles {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? 0;
  const mean = sorted.reduce((sum, value) => sum + value, 0) / Math.max(1, sorted.length);
  return { least: at(0), p5: at(0.05), median: at(0.5), p95: at(0.95), most: at(1), mean };
}

/** What was found. */
export interface DataStatistics {
  /** Tokens of a text before it is cut. */
  textTokens: Quantiles;
  /** True labels and hard negatives of a row. */
  trueLabels: Quantiles;
  hardNegatives: Quantiles;
  /** Rows without a true label. */
  withoutLabel: number;
  /** Rows that a label is true of, over the labels that are true of any. */
  rowsOfLabel: Quantiles;
  labelsSeenOnce: number;
  /** Labels that are hard negatives only. */
  neverTrue: number;
  mostFrequent: { label: string; rows: number }[];
  /** Labels that differ in upper and lower case only, by their first spelling. */
  spelledTwice: string[][];
  /** Batches that were looked at, and what they hold. */
  batches: {
    count: number;
    examples: number;
    /** Tokens of a joint sequence, special tokens included. */
    sequenceTokens: Quantiles;
    labels: Quantiles;
    /** Share of the true labels among those shown. */
    trueShare: number;
    /** Share of all tokens that are padding. */
    padding: number;
    /** Mean tokens of a batch, padding included. */
    tokens: number;
    /** Sequences whose text lost tokens to the labels. */
    textCut: number;
    /** Number of the batch with most tokens at once. */
    largest: number;
  };
}

/** Labels that are listed by name. */
const LISTED = 10;

/** Counts rows and labels. */
function rowStatistics({ sources, labelNames, rows: allRows }: Dataset): Omit<DataStatistics, 'textTokens' | 'batches'> {
  const trueOf = new Int32Array(labelNames.length);
  const used = new Uint8Array(labelNames.length);
  const trueCounts = new Int32Array(allRows);
  const negativeCounts = new Int32Array(allRows);
  let at = 0;
  for (const { rows, labels, notLabels, labelSet } of sources) {
    for (let row = 0; row < rows; row++, at++) {
      const own = labels.at(row);
      trueCounts[at] = own.length;
      negativeCounts[at] = notLabels.at(row).length;
      for (const label of own) trueOf[label]++;
    }
    for (const label of labelSet) used[label] = 1;
  }
  const numbers = [...labelNames.keys()].filter((label) => used[label]);
  const seen = numbers.filter((label) => trueOf[label] > 0);
  const spellings = new Map<string, string[]>();
  for (const label of numbers) {
    const name = labelNames[label];
    const key = name.toLowerCase();
    spellings.set(key, [...(spellings.get(key) ?? []), name]);
  }
  return {
    trueLabels: quantiles(trueCounts),
    hardNegatives: quantiles(negativeCounts),
    withoutLabel: trueCounts.filter((number) => number === 0).length,
    rowsOfLabel: quantiles(seen.map((label) => trueOf[label])),
    labelsSeenOnce: seen.filter((label) => trueOf[label] === 1).length,
    neverTrue: numbers.length - seen.length,
    mostFrequent: [...seen]
      .sort((a, b) => trueOf[b] - trueOf[a])
      .slice(0, LISTED)
      .map((label) => ({ label: labelNames[label], rows: trueOf[label] })),
    spelledTwice: [...spellings.values()].filter(({ length }) => length > 1),
  };
}

/** Counts the first `count` batches. */
function batchStatistics({ sources }: Dataset, sampler: Sampler, { capacity }: JointLayout, count: number): DataStatistics['batches'] {
  const lengths: number[] = [];
  const labelCounts: number[] = [];
  const sums = { tokens: 0, padded: 0, labels: 0, true: 0, cut: 0 };
  let largest = { index: 0, tokens: 0 };
  for (let index = 0; index < count; index++) {
    for (const { batch, examples } of sampler.parts(index)) {
      const size = batch.batch * batch.length;
      if (size > largest.tokens) largest = { index, tokens: size };
      sums.padded += size;
      for (let row = 0; row < batch.batch; row++) {
        let [length, text] = [0, 0];
        for (let token = row * batch.length; token < (row + 1) * batch.length; token++) {
          length += batch.attentionMask[token];
          text += batch.textMask[token];
        }
        lengths.push(length);
        labelCounts.push(examples[row].labels.length);
        sums.tokens += length;
        sums.labels += examples[row].labels.length;
        sums.true += examples[row].targets.reduce((sum, target) => sum + target, 0);
        if (text < Math.min(sources[examples[row].source].texts.at(examples[row].row).length, capacity)) sums.cut++;
      }
    }
  }
  return {
    count,
    examples: lengths.length,
    sequenceTokens: quantiles(lengths),
    labels: quantiles(labelCounts),
    trueShare: sums.true / Math.max(1, sums.labels),
    padding: 1 - sums.tokens / Math.max(1, sums.padded),
    tokens: sums.padded / Math.max(1, count),
    textCut: sums.cut,
    largest: largest.index,
  };
}

/** Counts a data set and the first `count` batches. */
export const dataStatistics = (
  dataset: Dataset,
  report: DataReport,
  sampler: Sampler,
  layout: JointLayout,
  count: number,
): DataStatistics => ({
  textTokens: quantiles(report.textTokens),
  ...rowStatistics(dataset),
  batches: batchStatistics(dataset, sampler, layout, count),
});

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');

/** Quantiles as one line. */
const quantileLine = ({ least, p5, median, p95, most, mean }: Quantiles): string =>
  `least ${whole(least)}, 5 % ${whole(p5)}, median ${whole(median)}, 95 % ${whole(p95)}, most ${whole(most)}, mean ${mean.toFixed(1)}`;

/** Contradictions and spellings that are shown. */
const SHOWN = 5;

/** The statistics as lines for a terminal. */
export function statisticsLines(
  statistics: DataStatistics,
  report: DataReport,
  dataset: Dataset,
  kept: number,
  capacity: number,
): string[] {
  const { batches } = statistics;
  const share = (count: number, of: number) => `${whole(count)} of ${whole(of)} (${((100 * count) / Math.max(1, of)).toFixed(1)} %)`;
  const line = (name: string, value: string) => `  ${name.padEnd(24)}${value}`;
  const over = statistics.textTokens.most >= MEASURED_TOKENS ? ` (${MEASURED_TOKENS}: or more)` : '';
  const short = (text: string) => (text.length > 70 ? `${text.slice(0, 69)}…` : text);
  return [
    'data',
    line('text tokens', quantileLine(statistics.textTokens) + over),
    line('texts cut', `${share(report.cutTexts, dataset.rows)} have more than the ${kept} tokens that are kept`),
    line('true labels of a row', quantileLine(statistics.trueLabels)),
    line('hard negatives of a row', quantileLine(statistics.hardNegatives)),
    line('rows without true label', share(statistics.withoutLabel, dataset.rows)),
    line('rows of a label', quantileLine(statistics.rowsOfLabel)),
    line(
      'labels',
      `${whole(dataset.labelNames.length)}; ${whole(statistics.labelsSeenOnce)} true once only, ${whole(statistics.neverTrue)} hard negatives only`,
    ),
    line('most frequent', statistics.mostFrequent.map(({ label, rows }) => `${label} ${whole(rows)}`).join(', ')),
    line('duplicate texts', `${whole(report.duplicates)} in their file, ${whole(report.duplicatesAcross)} between files`),
    line('true and hard negative', `${whole(report.contradictions.length)} labels of the same text in different rows`),
    ...report.contradictions.slice(0, SHOWN).map(({ text, label, where }) => line('', `"${label}" of "${short(text)}" (${where})`)),
    ...(statistics.spelledTwice.length
      ? [
          line('spelled twice', `${whole(statistics.spelledTwice.length)} labels in upper and lower case: `).concat(
            statistics.spelledTwice
              .slice(0, SHOWN)
              .map((names) => names.join(' / '))
              .join(', '),
          ),
        ]
      : []),
    `batches (the first ${batches.count})`,
    line('sequence tokens', `${quantileLine(batches.sequenceTokens)}; at most ${capacity + SPECIAL_TOKENS}`),
    line('labels of an example', `${quantileLine(batches.labels)}; ${(100 * batches.trueShare).toFixed(0)} % of them true`),
    line('texts cut for labels', share(batches.textCut, batches.examples)),
    line('padding', `${(100 * batches.padding).toFixed(1)} % of all tokens`),
  ];
}

/** The first example as the model sees it. */
export function exampleLines({ examples: [first] }: SampledBatch, dataset: Dataset): string[] {
  const labels = first.labels.map((label, at) => `${first.targets[at] ? '+' : '-'} ${shownLabel(dataset, label)}`);
  return [
    'first example',
    `  of ${dataset.sources[first.source].name}, its labels (+ true, - wrong):`,
    ...labels.map((label) => `    ${label}`),
  ];
}
