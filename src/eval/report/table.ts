/** Results as text: tables for the terminal, CSV for spreadsheets. */
import { printable } from '../../base/printable.ts';
import { type Look, PLAIN } from '../../base/terminal/look.ts';
import { alignedTable, type TableSettings, toneOfShare } from '../../report/aligned-table.ts';
import type { Comparison, EvaluationResult, MetricName, SetResult, SetSummary } from './result-types.ts';
import { LABEL_PROBLEMS } from './results.ts';
import { commonSets, systemMeans } from './summary.ts';

const number = (value: number | null | undefined, digits = 3): string =>
  value === null || value === undefined ? '-' : value.toFixed(digits);
const speed = (value: number | null | undefined): string =>
  value === null || value === undefined ? '-' : value >= 100 ? value.toFixed(0) : value.toPrecision(3);
const megabytes = (bytes: number | null): string => (bytes === null ? '-' : `${(bytes / 2 ** 20).toFixed(0)} MB`);

/** Whether a comparison is significant at 5 % by McNemar's test, and for whom. */
export function verdict(comparison: Comparison | undefined): string {
  if (!comparison) return '';
  const { onlyReference, onlySystem, p } = comparison.mcnemar;
  if (p >= 0.05) return '=';
  return onlyReference > onlySystem ? '-' : '+';
}

/** Figures shown for each set; which ones depends on whether texts have one label or several. */
const setColumns = (multiLabel: boolean): [string, (result: SetResult) => string][] => [
  [
    'macro-F1',
    ({ metrics, intervals }) => `${number(metrics.macro_f1)} [${number(intervals.macro_f1.low)}, ${number(intervals.macro_f1.high)}]`,
  ],
  ['accuracy', ({ metrics }) => number(metrics.accuracy)],
  ...(multiLabel
    ? ([
        ['micro-F1@0.5', ({ metrics }) => number(metrics.multilabel_micro_f1)],
        ['best micro-F1', ({ metrics }) => number(metrics.best_threshold_micro_f1)],
        ['mAP', ({ metrics }) => number(metrics.mean_average_precision)],
        ['LRAP', ({ metrics }) => number(metrics.lrap)],
      ] as [string, (result: SetResult) => string][])
    : ([
        ['top-3', ({ metrics }) => number(metrics.top3)],
        ['AUROC', ({ metrics }) => number(metrics.auroc)],
        ['ECE', ({ metrics }) => number(metrics.ece)],
      ] as [string, (result: SetResult) => string][])),
  ['wrong score', ({ metrics }) => number(metrics.mean_wrong_score)],
  ['texts/s', ({ timing, cached }) => `${speed(timing.textsPerSecond)}${cached ? '*' : ''}`],
  ['p50 ms', ({ timing }) => number(timing.latency?.p50, 1)],
  ['p95 ms', ({ timing }) => number(timing.latency?.p95, 1)],
];

/** `name: 20 of 159 texts, 10 labels` */
export function setHeading({ name, texts, available, labels, multiLabel, paraphraseOf }: SetSummary): string {
  const count = texts === available ? `${texts} texts` : `${texts} of ${available} texts`;
  return `${name}: ${count}, ${labels} labels${multiLabel ? ', multi-label' : ''}${paraphraseOf ? `, other wording of ${paraphraseOf}` : ''}`;
}

/** What is to be known of the figures: systems that failed, labels that one cannot tell apart. */
export function resultNotes({ systems, failures }: EvaluationResult): string[] {
  const notes: string[] = [];
  for (const { system, set, message } of failures) if (!set) notes.push(`${system}: failed: ${message}`);
  for (const { name, notes: facts } of systems) if (facts[LABEL_PROBLEMS]) notes.push(`${name}, ${facts[LABEL_PROBLEMS]}`);
  return notes;
}

/** Tables of figures with how good they are in colour. */
export const figureTable = (look: Look): TableSettings => ({
  look,
  tone: (title, cell) => (/F1$|^accuracy$/.test(title) ? toneOfShare(cell) : undefined),
});

/** A set's heading, the systems on it, and those that failed there; nothing where no system has it. */
function setParts({ results, failures, comparisons }: EvaluationResult, set: SetSummary, look: Look): string[] {
  const onSet = results.filter((each) => each.set === set.name);
  const failed = failures.filter((failure) => failure.set === set.name);
  if (!onSet.length && !failed.length) return [];
  const columns = setColumns(set.multiLabel);
  const compared = comparisons.filter((comparison) => comparison.set === set.name);
  const sign = (system: string) => verdict(compared.find((comparison) => comparison.system === system));
  const showSign = compared.length > 0;
  return [
    look.paint(printable(setHeading(set)), 'strong'),
    alignedTable(
      ['system', ...columns.map(([title]) => title), ...(showSign ? ['vs'] : [])],
      onSet.map((each) => [each.system, ...columns.map(([, cell]) => cell(each)), ...(showSign ? [sign(each.system)] : [])]),
      figureTable(look),
    ),
    ...failed.map(({ system, message }) => printable(`${system}: failed: ${message}`)),
    '',
  ];
}

/** The means over the sets that all systems have. */
function meanParts(result: EvaluationResult, look: Look): string[] {
  const common = commonSets(result);
  if (!common.length) return [];
  const answered = systemMeans(result).filter(({ sets }) => sets > 0);
  return [
    `mean of ${common.length} set${common.length === 1 ? '' : 's'}`,
    alignedTable(
      ['system', 'macro-F1', 'accuracy', 'AUROC', 'ECE', 'wrong score', 'texts/s', 'p50 ms', 'p95 ms', 'p99 ms', 'memory'],
      answered.map(({ system, means, textsPerSecond, latency }) => [
        system.name,
        number(means.macro_f1),
        number(means.accuracy),
        number(means.auroc),
        number(means.ece),
        number(means.mean_wrong_score),
        speed(textsPerSecond),
        number(latency?.p50, 1),
        number(latency?.p95, 1),
        number(latency?.p99, 1),
        megabytes(system.peakMemoryBytes),
      ]),
      figureTable(look),
    ),
    '',
  ];
}

/** Times by number of labels, where they were asked for. */
function growthParts({ growth }: EvaluationResult, look: Look): string[] {
  if (!growth.length) return [];
  const steps = [...new Set(growth.flatMap(({ points }) => points.map(({ labels }) => labels)))].sort((a, b) => a - b);
  return [
    'milliseconds a text by number of labels',
    alignedTable(
      ['system', ...steps.map(String)],
      growth.map(({ system, points }) => [
        system,
        ...steps.map((step) => number(points.find(({ labels }) => labels === step)?.millisecondsPerText, 1)),
      ]),
      figureTable(look),
    ),
    '',
  ];
}

/** How much scores hang on the words of the labels, where sets have other wordings. */
function wordingParts({ sensitivity }: EvaluationResult, look: Look): string[] {
  if (!sensitivity.length) return [];
  return [
    'label wording: macro-F1 by wording, and how often all wordings give the same top label',
    alignedTable(
      ['system on set', 'wordings', 'lowest', 'highest', 'range', 'agreement'],
      sensitivity.map(({ system, set, macro_f1, range, agreement }) => {
        const scores = Object.values(macro_f1);
        return [
          `${system} on ${set}`,
          `${scores.length}`,
          number(Math.min(...scores)),
          number(Math.max(...scores)),
          number(range),
          number(agreement),
        ];
      }),
      figureTable(look),
    ),
    '',
  ];
}

/** The tables of `--details`: one a set, then the means, times and wordings. */
export function resultTables(result: EvaluationResult, look = PLAIN): string {
  const notes: string[] = [];
  if (result.comparisons.length)
    notes.push(printable(`vs: + better, - worse, = not different from ${result.reference} (McNemar's exact test, p < 0.05)`));
  if (result.results.some(({ cached }) => cached))
    notes.push('*: from the cache; timed in an earlier run on this machine (--no-cache measures again)');
  notes.push(...resultNotes(result).map(printable));
  return [
    ...result.sets.flatMap((set) => setParts(result, set, look)),
    ...meanParts(result, look),
    ...growthParts(result, look),
    ...wordingParts(result, look),
    ...notes,
    ...(notes.length ? [''] : []),
  ].join('\n');
}

const csvCell = (value: string | number | boolean | null | undefined): string => {
  if (value === null || value === undefined) return '';
  const text = String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** One line a system and set, all figures. */
export function resultCsv(result: EvaluationResult): string {
  const names = (result.results[0] ? Object.keys(result.results[0].metrics) : []) as MetricName[];
  const header = [
    'set',
    'system',
    ...names,
    'macro_f1_low',
    'macro_f1_high',
    'accuracy_low',
    'accuracy_high',
    'texts',
    'labels',
    'prepare_seconds',
    'seconds',
    'texts_per_second',
    'latency_p50_ms',
    'latency_p95_ms',
    'latency_p99_ms',
    'peak_memory_bytes',
    'cached',
    'error',
  ];
  const rows: (string | number | boolean | null | undefined)[][] = result.results.map((each) => {
    const set = result.sets.find(({ name }) => name === each.set);
    const system = result.systems.find(({ name }) => name === each.system);
    const { intervals, timing } = each;
    return [
      each.set,
      each.system,
      ...names.map((name) => each.metrics[name]),
      intervals.macro_f1.low,
      intervals.macro_f1.high,
      intervals.accuracy.low,
      intervals.accuracy.high,
      set?.texts,
      set?.labels,
      timing.prepareSeconds,
      timing.seconds,
      timing.textsPerSecond,
      timing.latency?.p50,
      timing.latency?.p95,
      timing.latency?.p99,
      system?.peakMemoryBytes,
      each.cached,
      '',
    ];
  });
  for (const { system, set, message } of result.failures)
    rows.push([set ?? '', system, ...Array<null>(header.length - 3).fill(null), message]);
  return [header, ...rows].map((row) => row.map(csvCell).join(',')).join('\n') + '\n';
}
