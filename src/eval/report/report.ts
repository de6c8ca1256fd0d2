/**
 * `report.html`: one self-contained file out of an evaluation's result. No script, nothing from elsewhere; what comes from data or
 * models is escaped.
 */

import { dotChart, heatMap, logLineChart, reliabilityChart, scatterChart } from '../../report/charts.ts';
import { escapeHtml, figure, htmlTable, memory, shortNumber } from '../../report/html.ts';
import { STYLE } from '../../report/style.ts';
import { legend } from '../../report/svg.ts';
import { expectedCalibrationError, type ReliabilityBin } from '../metrics/calibration.ts';
import { isFloor } from '../systems/floor.ts';
import type { Comparison, EvaluationResult, MetricName, SetResult, SetSummary } from './result-types.ts';
import { commonSets, systemMeans } from './summary.ts';
import { verdict } from './table.ts';

/** Labels up to which a confusion matrix is drawn; beyond, the most frequent confusions are listed. */
const LARGEST_MATRIX = 30;
const LISTED_CONFUSIONS = 15;

const best = (values: readonly (number | null | undefined)[], lowerIsBetter = false): number | undefined => {
  const there = values.filter((value): value is number => typeof value === 'number');
  return there.length > 1 ? (lowerIsBetter ? Math.min(...there) : Math.max(...there)) : undefined;
};

function summarySection(result: EvaluationResult): string {
  const rows = systemMeans(result).filter(({ sets }) => sets > 0);
  const common = commonSets(result);
  const columns: [string, MetricName, boolean?][] = [
    ['macro-F1', 'macro_f1'],
    ['accuracy', 'accuracy'],
    ['top-3', 'top3'],
    ['AUROC', 'auroc'],
    ['ECE', 'ece', true],
    ['Brier', 'brier', true],
    ['score of wrong labels', 'mean_wrong_score', true],
  ];
  const rivals = rows.filter(({ system }) => !isFloor(system.kind));
  const leaders = columns.map(([, metric, lower]) =>
    best(
      rivals.map(({ means }) => means[metric]),
      lower,
    ),
  );
  const fastest = best(rivals.map(({ textsPerSecond }) => textsPerSecond));
  const mark = (shown: string, isBest: boolean) => (isBest ? `<span class="best">${shown}</span>` : shown);
  return `<h2>All systems</h2>
<p>Means over the ${common.length} set${common.length === 1 ? '' : 's'} that every system answered${common.length < result.sets.length ? ' (other wordings of a set are left out)' : ''}. Texts a second is a geometric mean.</p>
${htmlTable(
  ['system', ...columns.map(([name]) => name), 'texts/s', 'p50 ms', 'p95 ms', 'p99 ms', 'load s', 'peak memory'],
  rows.map(({ system, means, textsPerSecond, latency }) => [
    escapeHtml(system.name),
    ...columns.map(([, metric], at) => mark(figure(means[metric]), means[metric] === leaders[at])),
    mark(shortNumber(textsPerSecond), textsPerSecond === fastest),
    figure(latency?.p50, 1),
    figure(latency?.p95, 1),
    figure(latency?.p99, 1),
    figure(system.loadSeconds, 1),
    memory(system.peakMemoryBytes),
  ]),
)}`;
}

function scoresSection(result: EvaluationResult, names: readonly string[]): string {
  const rows = result.sets.map((set) => ({
    name: set.name,
    values: names.map((system) => {
      const found = result.results.find((each) => each.set === set.name && each.system === system);
      return found ? { value: found.metrics.macro_f1, ...found.intervals.macro_f1 } : undefined;
    }),
  }));
  return `<h2>Scores by set</h2>
<p>Macro-F1 of the top label; the bars are bootstrap 95 % intervals over texts.</p>
${legend(names)}<figure>${dotChart(rows, names, 'macro-F1 by set and system')}</figure>
${result.sets.map((set) => setTable(result, set)).join('\n')}`;
}

const WORDS: Readonly<Record<string, string>> = { '+': 'better', '-': 'worse', '=': 'not different' };
const signed = (value: number): string => `${value < 0 ? '−' : '+'}${figure(Math.abs(value))}`;

const probability = (p: number): string => (p < 0.0001 ? '&lt; 0.0001' : p.toFixed(p < 0.1 ? 4 : 2));

/** Every system against the reference: differences with their paired bootstrap intervals, and McNemar's verdict on the top label. */
function differencesSection({ comparisons, reference }: EvaluationResult): string {
  if (!comparisons.length) return '';
  // Stored as reference minus system; people read it the other way.
  const cell = ({ difference, interval }: Comparison['macro_f1']) =>
    `${signed(-difference)} <span class="interval">${signed(-interval.high)} to ${signed(-interval.low)}</span>`;
  return `<h2>Against ${escapeHtml(reference ?? '')}</h2>
<p>How much higher or lower each system is than ${escapeHtml(reference ?? '')} on the same texts, with 95 % intervals of a paired bootstrap. The last columns count the texts that only one of the two has right; p and verdict are McNemar’s exact test on them.</p>
${htmlTable(
  ['system', 'set', 'macro-F1', 'accuracy', `only ${escapeHtml(reference ?? '')} right`, 'only the system right', 'p', 'verdict'],
  comparisons.map((comparison) => {
    const { system, set, macro_f1: f1, accuracy, mcnemar } = comparison;
    return [
      escapeHtml(system),
      escapeHtml(set),
      cell(f1),
      cell(accuracy),
      String(mcnemar.onlyReference),
      String(mcnemar.onlySystem),
      probability(mcnemar.p),
      WORDS[verdict(comparison)],
    ];
  }),
)}`;
}

function setTable(result: EvaluationResult, set: SetSummary): string {
  const rows = result.results.filter((each) => each.set === set.name);
  const failures = result.failures.filter((failure) => failure.set === set.name);
  if (!rows.length && !failures.length) return '';
  const columns: [string, MetricName, boolean?][] = [
    ['accuracy', 'accuracy'],
    ['micro-F1', 'micro_f1'],
    ['weighted-F1', 'weighted_f1'],
    ['top-3', 'top3'],
    ['AUROC', 'auroc'],
    ...((set.multiLabel
      ? [
          ['micro-F1 at 0.5', 'multilabel_micro_f1'],
          ['macro-F1 at 0.5', 'multilabel_macro_f1'],
          ['micro-F1 at best threshold', 'best_threshold_micro_f1'],
          ['mAP', 'mean_average_precision'],
          ['LRAP', 'lrap'],
        ]
      : [
          ['ECE', 'ece', true],
          ['Brier', 'brier', true],
        ]) as [string, MetricName, boolean?][]),
    ['wrong labels', 'mean_wrong_score', true],
  ];
  const compared = result.comparisons.filter((comparison) => comparison.set === set.name);
  const texts = set.texts === set.available ? `${set.texts} texts` : `${set.texts} of ${set.available} texts`;
  return `<h3>${escapeHtml(set.name)} <span class="soft">${texts}, ${set.labels} labels${set.multiLabel ? ', several true labels a text' : ''}${set.recordLabels ? ', own candidates for each text' : ''}</span></h3>
${htmlTable(
  [
    'system',
    'macro-F1',
    ...columns.map(([name]) => name),
    'texts/s',
    'p50 ms',
    ...(compared.length ? [`against ${escapeHtml(result.reference ?? '')}`] : []),
  ],
  rows.map((each) => {
    const { metrics, intervals, timing } = each;
    const comparison = compared.find(({ system }) => system === each.system);
    return [
      escapeHtml(each.system),
      `${figure(metrics.macro_f1)} <span class="interval">${figure(intervals.macro_f1.low)}–${figure(intervals.macro_f1.high)}</span>`,
      ...columns.map(([, metric]) => figure(metrics[metric])),
      `${shortNumber(timing.textsPerSecond)}${each.cached ? '*' : ''}`,
      figure(timing.latency?.p50, 1),
      ...(compared.length
        ? [comparison ? `${WORDS[verdict(comparison)]} <span class="interval">p ${probability(comparison.mcnemar.p)}</span>` : '']
        : []),
    ];
  }),
)}${failures.map(({ system, message }) => `<p class="error">${escapeHtml(system)} failed: ${escapeHtml(message)}</p>`).join('')}`;
}

function speedSection(result: EvaluationResult, seriesOf: (name: string) => number): string {
  const rows = systemMeans(result).filter(({ sets }) => sets > 0);
  const floors = rows
    .filter(({ system }) => isFloor(system.kind))
    .map(({ system, means }) => ({ name: system.name, y: means.macro_f1 ?? 0 }));
  const points = rows
    .filter(({ system }) => !isFloor(system.kind))
    .map(({ system, means, textsPerSecond }) => ({
      name: system.name,
      series: seriesOf(system.name),
      x: textsPerSecond ?? 0,
      y: means.macro_f1 ?? 0,
    }));
  const growth = result.growth.map(({ system, points: steps }) => ({
    name: system,
    series: seriesOf(system),
    points: steps.map(({ labels, millisecondsPerText }) => ({ x: labels, y: millisecondsPerText })),
  }));
  const stopped = result.growth.filter((each) => each.stopped);
  return `<h2>Speed</h2>
<p>All systems on the same machine, one after the other. Up and to the right is better.</p>
<figure>${scatterChart(points, floors, 'texts a second (mean over sets)', 'macro-F1 (mean over sets)')}</figure>
${
  growth.length
    ? `<h3>Time by number of labels</h3><p>Milliseconds a text; ${result.growth[0].texts} texts at once, after a warm-up.</p><figure>${logLineChart(growth, 'labels', 'milliseconds a text')}</figure>
${stopped.map(({ system, stopped: why }) => `<p class="soft">${escapeHtml(system)} was stopped: ${escapeHtml(why ?? '')}.</p>`).join('')}`
    : ''
}`;
}

/** The bins of several sets as those of one. */
function pooledBins(results: readonly SetResult[]): ReliabilityBin[] {
  return results[0].reliability.map((bin, at) => {
    const bins = results.map(({ reliability }) => reliability[at]);
    const count = bins.reduce((sum, each) => sum + each.count, 0);
    const weighted = (value: (each: ReliabilityBin) => number) =>
      count ? bins.reduce((sum, each) => sum + value(each) * each.count, 0) / count : 0;
    return { ...bin, count, accuracy: weighted((each) => each.accuracy), meanConfidence: weighted((each) => each.meanConfidence) };
  });
}

function reliabilitySection(result: EvaluationResult, names: readonly string[], seriesOf: (name: string) => number): string {
  const common = new Set(commonSets(result));
  const panels = names.flatMap((name) => {
    const own = result.results.filter(({ system, set, metrics }) => system === name && common.has(set) && metrics.ece !== null);
    if (!own.length) return [];
    const bins = pooledBins(own);
    return [
      `<figure><figcaption>${escapeHtml(name)} <span class="soft">ECE ${figure(expectedCalibrationError(bins))}</span></figcaption>${reliabilityChart(bins, seriesOf(name), `reliability of ${name}`)}</figure>`,
    ];
  });
  return `<h2>Reliability</h2>
<p>How often the top label is right (height of the bars) at each confidence. Bars on the diagonal mean what they say; below it the system is too sure. All common sets together; the grey bars count texts.</p>
<div class="panels">${panels.join('')}</div>`;
}

function confusionOf(set: SetSummary, each: SetResult, series: number): string {
  if (set.labels <= LARGEST_MATRIX) {
    const counts = set.labelNames.map(() => set.labelNames.map(() => 0));
    for (const { truth, predicted, count } of each.confusion) counts[truth][predicted] = count;
    return `<figure>${heatMap(set.labelNames, counts, series, `confusion matrix of ${each.system} on ${set.name}`)}</figure>`;
  }
  const wrong = each.confusion.filter(({ truth, predicted }) => truth !== predicted).slice(0, LISTED_CONFUSIONS);
  const name = (index: number) => escapeHtml(set.labelNames[index] ?? `label ${index + 1}`);
  return htmlTable(
    ['true', 'predicted', 'texts'],
    wrong.map(({ truth, predicted, count }) => [name(truth), name(predicted), String(count)]),
  );
}

function errorsSection(result: EvaluationResult, seriesOf: (name: string) => number): string {
  const blocks = result.sets.flatMap((set) =>
    result.results
      .filter((each) => each.set === set.name)
      .map((each) => {
        const examples = each.wrong
          .slice(0, 8)
          .map(
            ({ text, truth, predicted, confidence }) =>
              `<li>${escapeHtml(text)}<br><span class="soft">true</span> ${truth.map((label) => `<span class="label">${escapeHtml(label)}</span>`).join(' ') || '–'} <span class="soft">predicted</span> <span class="label">${escapeHtml(predicted)}</span> <span class="soft">${figure(confidence, 2)}</span></li>`,
          );
        const open = each.system === result.reference && set.labels <= LARGEST_MATRIX && !set.paraphraseOf ? ' open' : '';
        return `<details${open}><summary>${escapeHtml(set.name)}: ${escapeHtml(each.system)} <span class="soft">accuracy ${figure(each.metrics.accuracy)}</span></summary>
${confusionOf(set, each, seriesOf(each.system))}
${examples.length ? `<h3>Surest mistakes</h3><ul class="examples">${examples.join('\n')}</ul>` : ''}</details>`;
      }),
  );
  return `<h2>What went wrong</h2>
<p>Confusion matrices (rows are the true labels, shades are shares of a row) and the wrong answers that each system was surest of.</p>
${blocks.join('\n')}`;
}

function wordingSection(result: EvaluationResult): string {
  if (!result.sensitivity.length) return '';
  return `<h2>Label wording</h2>
<p>The same texts with the labels in other words. Agreement is the share of texts whose top label is the same under every wording.</p>
${htmlTable(
  ['system', 'set', 'macro-F1 by wording', 'range', 'agreement'],
  result.sensitivity.map(({ system, set, macro_f1, range, agreement }) => [
    escapeHtml(system),
    escapeHtml(set),
    Object.entries(macro_f1)
      .map(([name, value]) => `${escapeHtml(name)} ${figure(value)}`)
      .join(', '),
    figure(range),
    figure(agreement),
  ]),
)}`;
}

function notesSection(result: EvaluationResult): string {
  const { machine, settings } = result;
  return `<h2>How it was measured</h2>
${htmlTable(
  ['system', 'kind', 'model', 'settings'],
  result.systems.map(({ name, kind, model, notes }) => [
    escapeHtml(name),
    escapeHtml(kind),
    escapeHtml(model ?? '–'),
    escapeHtml(
      Object.entries(notes)
        .map(([key, value]) => `${key}: ${value}`)
        .join('; ') || '–',
    ),
  ]),
  'notes',
)}
${htmlTable(
  ['set', 'source', 'licence', 'content'],
  result.sets.map(({ name, source, licence, hash }) => [
    escapeHtml(name),
    escapeHtml(source ?? '–'),
    escapeHtml(licence ?? '–'),
    hash.slice(0, 12),
  ]),
  'notes',
)}
<p class="soft">${escapeHtml(
    `${machine.cpu}, ${machine.cores} cores, ${memory(machine.memoryBytes)}, ${machine.platform}, Node ${machine.node}; ${Object.entries(
      settings,
    )
      .filter(([, value]) => value !== null)
      .map(([key, value]) => `${key}: ${value}`)
      .join(', ')}`,
  )}</p>
<p>Macro-F1 is the mean over the labels with a true or a predicted text. With several true labels a text, the top label is right if it is one of them, and F1 counts those it misses. AUROC and mean average precision are means over labels. The score of wrong labels is the mean of every label by itself that is not true: near 1 for a system that likes every label (cosines are clipped to 0 and 1). ECE has 15 bins. The best threshold is chosen on the very texts it is measured on and is an upper bound. Systems are compared with the first one text by text: the difference of macro-F1 with a paired bootstrap’s 95 % interval, and McNemar’s exact test of the top label. An asterisk marks times taken from an earlier run on this machine.</p>`;
}

/** The report as one HTML document. */
export function reportHtml(result: EvaluationResult): string {
  const names = result.systems.map(({ name }) => name).filter((name) => result.results.some(({ system }) => system === name));
  const seriesOf = (name: string) => names.indexOf(name);
  const failures = result.failures.filter(({ set }) => !set);
  const title = `Zero-shot evaluation${result.reference ? ` of ${result.reference}` : ''}`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p class="soft">${escapeHtml(result.created.slice(0, 16).replace('T', ' '))} UTC, glz ${escapeHtml(result.glz)}; ${names.length} systems on ${result.sets.length} sets</p>
${failures.map(({ system, message }) => `<p class="error">${escapeHtml(system)} failed: ${escapeHtml(message)}</p>`).join('')}
${
  names.length
    ? [
        summarySection(result),
        speedSection(result, seriesOf),
        scoresSection(result, names),
        differencesSection(result),
        reliabilitySection(result, names, seriesOf),
        wordingSection(result),
        errorsSection(result, seriesOf),
      ].join('\n')
    : '<p>No system has a result.</p>'
}
${notesSection(result)}
</body>
</html>
`;
}
