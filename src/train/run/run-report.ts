/**
 * `report.html` of a training run: one self-contained page out of the run's log, settings and data. No script, nothing from elsewhere;
 * what comes from data or settings is escaped.
 */
import { type Curve, curveChart } from '../../report/curve-chart.ts';
import { escapeHtml, figure, htmlTable, shortNumber } from '../../report/html.ts';
import { STYLE } from '../../report/style.ts';
import { legend } from '../../report/svg.ts';
import type { Dataset } from '../data/dataset.ts';
import { type TrainSettings, trainSettingsSchema } from '../settings-schema.ts';
import type { LogRecord } from './run-folder.ts';

/** What a report is made of. */
export interface RunReportRequest {
  /** Name of the run, for the heading. */
  name: string;
  settings: TrainSettings;
  dataset: Pick<Dataset, 'sources' | 'rows' | 'labelNames' | 'hash'>;
  /** Share of the mix of each source. */
  shares: readonly number[];
  /** Examples of a batch. */
  batchSize: number;
  /** The lines of `training.jsonl`. */
  records: readonly LogRecord[];
  /** Steps of the whole run. */
  steps: number;
  /** How the run stands: `running`, `finished`, `stopped`, ... */
  state: string;
}

/** Settings that are shown apart from the others, or are no settings of the run. */
const LEFT_OUT = new Set(['data']);

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : Number.NaN);

const curve = (records: readonly LogRecord[], field: string, name: string, series: number, marked = false): Curve => ({
  name,
  series,
  marked,
  points: records.map((record) => ({ x: record.step, y: numberOf(record[field]) })).filter(({ y }) => Number.isFinite(y)),
});

/** A chart with its legend under a heading; nothing where no curve has a point. */
function section(heading: string, curves: readonly Curve[], chart: Parameters<typeof curveChart>[1], words = ''): string {
  const there = curves.filter(({ points }) => points.length > 0);
  if (!there.length) return '';
  // Colours by position, so that the legend's markers are those of the curves.
  const drawn = there.map((each, series) => ({ ...each, series }));
  return `<h2>${heading}</h2>
${words ? `<p>${words}</p>\n` : ''}${drawn.length > 1 ? legend(drawn.map(({ name }) => name)) : ''}<figure>${curveChart(drawn, chart)}</figure>`;
}

const METRICS: readonly [field: string, name: string][] = [
  ['macro_f1', 'macro-F1'],
  ['accuracy', 'accuracy'],
  ['dev_loss', 'loss'],
  ['right', 'right labels'],
  ['wrong', 'wrong labels'],
];

function evaluationTables(evaluations: readonly LogRecord[], best: LogRecord | undefined): string {
  if (!evaluations.length) return '';
  const bold = (record: LogRecord, shown: string) => (record === best ? `<span class="best">${shown}</span>` : shown);
  const rows = evaluations.map((record) => [
    bold(record, String(record.step)),
    ...METRICS.map(([field]) => bold(record, figure(numberOf(record[field]), 4))),
  ]);
  const setsOf = (record: LogRecord | undefined) => (record?.sets ?? {}) as Record<string, number>;
  const shown = [...new Set([evaluations[0], best ?? evaluations[0], evaluations[evaluations.length - 1]])];
  const names = Object.keys(setsOf(evaluations[evaluations.length - 1]));
  const bySet = names.map((name) => [
    escapeHtml(name),
    ...shown.map((record) => {
      const value = setsOf(record)[name];
      const most = Math.max(...shown.map((each) => setsOf(each)[name] ?? 0));
      return value === most && shown.length > 1 ? `<span class="best">${figure(value)}</span>` : figure(value);
    }),
  ]);
  const columns = shown.map((record) => `step ${record.step}${record === best ? ' (best)' : ''}`);
  return `<h2>Evaluations</h2>
<p>Means over ${names.length === 1 ? 'one set' : `${names.length} sets`}; right and wrong labels: their mean probability. The best one is bold.${
    evaluations.some(({ final }) => final)
      ? ' The last one is of the finished checkpoint: averaged, where the settings say so, and calibrated.'
      : ''
  }</p>
${htmlTable(['step', ...METRICS.map(([, name]) => name)], rows)}
<h3>Macro-F1 by set</h3>
${htmlTable(['set', ...columns], bySet)}`;
}

/** Fields by their dotted names. */
function flat(value: unknown, prefix = ''): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[prefix, value]];
  return Object.entries(value).flatMap(([key, inner]) => flat(inner, prefix ? `${prefix}.${key}` : key));
}

function settingsTable(settings: TrainSettings): string {
  const usual = new Map(flat(trainSettingsSchema.parse({ encoder: '-', data: ['-'] })));
  const rows = flat(settings)
    .filter(([name, value]) => !LEFT_OUT.has(name) && value !== undefined)
    .map(([name, value]) => {
      const shown = escapeHtml(typeof value === 'string' ? value : JSON.stringify(value));
      return [escapeHtml(name), usual.get(name) === value ? shown : `<span class="best">${shown}</span>`];
    });
  return `<h2>Settings</h2>
<p>Bold: not the default.</p>
${htmlTable(['field', 'value'], rows, 'notes')}`;
}

function dataTable({ dataset, settings, shares }: RunReportRequest): string {
  const rows = dataset.sources.map((source, at) => [
    escapeHtml(source.name),
    source.rows.toLocaleString('en-US'),
    source.labelSet.length.toLocaleString('en-US'),
    shortNumber(source.weight),
    `${(100 * shares[at]).toFixed(1)} %`,
    ...(settings.loss.distill_weight > 0 ? [source.distill ? 'yes' : 'no'] : []),
  ]);
  const columns = ['file', 'rows', 'labels', 'weight', 'share of the mix', ...(settings.loss.distill_weight > 0 ? ['teacher'] : [])];
  return `<h2>Data</h2>
<p>${dataset.rows.toLocaleString('en-US')} rows, ${dataset.labelNames.length.toLocaleString('en-US')} labels. sha256 of all records: ${escapeHtml(dataset.hash)}.</p>
${htmlTable(columns, rows)}`;
}

/** The report as a page. */
export function runReport(request: RunReportRequest): string {
  const { name, settings, batchSize, records, steps, state } = request;
  const evaluations = records.filter((record) => record.evaluation !== undefined);
  const trained = records.filter((record) => record.evaluation === undefined);
  const done = trained.length ? trained[trained.length - 1].step : 0;
  const metric = settings.dev?.metric ?? 'macro_f1';
  const sign = metric === 'loss' ? -1 : 1;
  const best = evaluations.reduce<LogRecord | undefined>(
    (found, record) => (!found || sign * numberOf(record.evaluation) > sign * numberOf(found.evaluation) ? record : found),
    undefined,
  );
  const axis = { xTitle: 'step', xRange: [1, Math.max(2, done)] as [number, number] };
  const highlight = best && evaluations.length > 1 ? { x: best.step, name: `best, step ${best.step}` } : undefined;
  const facts: [string, string][] = [
    ['state', `${escapeHtml(state)}, ${done.toLocaleString('en-US')} of ${steps.toLocaleString('en-US')} steps`],
    ['start', escapeHtml(settings.encoder ?? settings.checkpoint ?? '')],
    ['examples seen', (done * batchSize * settings.accumulation).toLocaleString('en-US')],
    ...(best ? [['best', `step ${best.step}: ${escapeHtml(metric)} ${figure(numberOf(best.evaluation), 4)}`] as [string, string]] : []),
  ];
  const bands = 'Each point is a mean over a piece of the run; the band shows the least and the greatest value in it.';
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>glz train: ${escapeHtml(name)}</title><style>${STYLE}</style></head><body>
<h1>${escapeHtml(name)}</h1><p class="soft">glz train</p>
${htmlTable(['', ''], facts, 'notes facts')}
${section('Loss', [curve(trained, 'loss', 'training', 0), curve(evaluations, 'dev_loss', 'dev sets', 1, true)], { ...axis, yTitle: 'loss' }, bands)}
${section(
  'Terms of the loss',
  [
    curve(trained, 'bce', 'binary cross-entropy', 0),
    curve(trained, 'margin', 'contrastive margin', 1),
    curve(trained, 'softmax', 'softmax cross-entropy', 2),
    curve(trained, 'distill', 'distillation', 3),
  ],
  { ...axis, yTitle: 'term, before its weight' },
)}
${section('Dev metrics', [curve(evaluations, 'macro_f1', 'macro-F1', 0, true), curve(evaluations, 'accuracy', 'accuracy', 1, true)], {
  ...axis,
  yTitle: 'score',
  highlight,
})}
${section(
  'Probability of right and wrong labels',
  [curve(evaluations, 'right', 'right labels', 0, true), curve(evaluations, 'wrong', 'wrong labels', 1, true)],
  { ...axis, yTitle: 'mean probability' },
)}
${section('Learning rate', [curve(trained, 'learningRate', 'learning rate', 0)], { ...axis, yTitle: 'learning rate' })}
${section('Length of the gradient', [curve(trained, 'gradientNorm', 'gradient norm', 0)], { ...axis, yTitle: 'L2 norm, before clipping' })}
${evaluationTables(evaluations, best)}
${dataTable(request)}
${settingsTable(settings)}
</body></html>
`;
}
