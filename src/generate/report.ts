/** What a generation run made: for the terminal, and as one self-contained HTML file. */
import { excerpt } from '../base/printable.ts';
import { escapeHtml } from '../report/html.ts';
import type { Counts, GenerationFigures } from './figures.ts';
import type { GeneratedRecord, Journal } from './journal.ts';

/** What the report shows. */
export interface GenerationReport extends GenerationFigures {
  /** Some of the examples. */
  samples: readonly GeneratedRecord[];
}

const SAMPLES = 10;
const LENGTH_STEPS = [5, 10, 20, 40, 80, 160, Number.POSITIVE_INFINITY];

const byFrequency = (counts: Iterable<readonly [string, number]>): Counts =>
  [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));

function countOf(values: Iterable<string>): Counts {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return byFrequency(counts);
}

/** Sums up the records of a run. */
export function summarize(
  records: readonly GeneratedRecord[],
  { dropped, mended }: Pick<Journal, 'dropped' | 'mended'>,
  model: string,
  leaked: number,
): GenerationReport {
  const words = records.map(({ text }) => text.split(/\s+/).length).sort((a, b) => a - b);
  const lengths = LENGTH_STEPS.map((most, i): [string, number] => {
    const least = i === 0 ? 1 : LENGTH_STEPS[i - 1] + 1;
    return [Number.isFinite(most) ? `${least} to ${most}` : `${least} and more`, words.filter((n) => n >= least && n <= most).length];
  });
  const parts = ['task', 'domain', 'language'].flatMap((field) => {
    const counts = countOf(records.flatMap((record) => (typeof record[field] === 'string' ? [record[field]] : [])));
    return counts.length > 1 ? [{ name: field, counts }] : [];
  });
  const number = Math.min(SAMPLES, records.length);
  return {
    model,
    kept: records.length,
    dropped: byFrequency(Object.entries(dropped)),
    mended: byFrequency(Object.entries(mended)),
    labels: countOf(records.flatMap(({ labels }) => labels)),
    parts,
    words: [words[0] ?? 0, words[words.length >> 1] ?? 0, words.at(-1) ?? 0],
    lengths,
    negatives: records.length ? records.reduce((total, record) => total + record.not_labels.length, 0) / records.length : 0,
    leakage: records.length ? leaked / records.length : 0,
    samples: Array.from({ length: number }, (_, i) => records[Math.floor((i * records.length) / number)]),
  };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** The report as plain lines. */
export function reportLines(report: GenerationReport): string[] {
  const { kept, dropped, mended, labels, words, leakage, negatives, samples } = report;
  const lines = [
    `kept ${kept} examples, ${labels.length} labels, ${negatives.toFixed(1)} hard negatives an example; words a text: ${words.join(' / ')} (least, median, most); label copied into the text: ${percent(leakage)}`,
  ];
  for (const [reason, count] of dropped) lines.push(`  dropped ${count}: ${reason}`);
  for (const [reason, count] of mended) lines.push(`  taken out ${count} hard negative${count === 1 ? '' : 's'}: ${reason}`);
  if (labels.length)
    lines.push(
      `  most frequent: ${labels
        .slice(0, 8)
        .map(([label, count]) => `${label} ${count}`)
        .join(', ')}`,
    );
  for (const { text, labels: truth, not_labels: not } of samples)
    lines.push(`  - ${excerpt(text, 100)}  [+ ${truth.join(', ')}${not.length ? ` | - ${not.join(', ')}` : ''}]`);
  return lines;
}

const STYLE = `
:root{color-scheme:light dark;--paper:#fff;--card:#f6f7f9;--ink:#1c2430;--soft:#5b6470;--line:#dde1e7;--bar:#0072b2;--true:#00664b;--true-paper:#e2f4ec;--false:#a03a00;--false-paper:#fdebe0}
@media(prefers-color-scheme:dark){:root{--paper:#14181e;--card:#1d232b;--ink:#e6e9ee;--soft:#9aa4b2;--line:#333c48;--bar:#56b4e9;--true:#7fd8b6;--true-paper:#17352b;--false:#ffb088;--false-paper:#3d2417}}
*{box-sizing:border-box}
body{background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}
.by{color:var(--soft);margin:.2rem 0 1.5rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.6rem}
.tiles div{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.6rem .8rem;color:var(--soft);font-size:.85rem}
.tiles b{display:block;color:var(--ink);font-size:1.25rem;font-weight:600;line-height:1.4;white-space:nowrap}
table{border-collapse:collapse;width:100%}
td{padding:.15rem .7rem .15rem 0;vertical-align:middle;border-bottom:1px solid var(--line)}
td:first-child{width:19rem;overflow-wrap:anywhere}td:nth-child(2){text-align:right;width:5rem;font-variant-numeric:tabular-nums}
.bar{height:.7rem;background:var(--bar);border-radius:2px}
.more{color:var(--soft);font-size:.9rem}
ol{list-style:none;padding:0;margin:0}
li{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.7rem .9rem;margin:.6rem 0;overflow-wrap:anywhere}
.labels{display:flex;flex-wrap:wrap;gap:.35rem;margin-top:.4rem;font-size:.85rem}
.labels span{border-radius:1rem;padding:.05rem .6rem}
.true{background:var(--true-paper);color:var(--true)}.false{background:var(--false-paper);color:var(--false)}
.of{color:var(--soft);font-size:.8rem;margin-top:.3rem}
`;

const MOST_ROWS = 40;

function table(title: string, counts: Counts): string {
  if (counts.length === 0) return '';
  const most = Math.max(1, ...counts.map(([, count]) => count));
  const rows = counts
    .slice(0, MOST_ROWS)
    .map(
      ([name, count]) =>
        `<tr><td>${escapeHtml(name)}</td><td>${count}</td><td><div class="bar" style="width:${((100 * count) / most).toFixed(1)}%"></div></td></tr>`,
    );
  const more = counts.length > MOST_ROWS ? `<p class="more">and ${counts.length - MOST_ROWS} more</p>` : '';
  return `<h2>${escapeHtml(title)}</h2><table>${rows.join('')}</table>${more}`;
}

const chips = (labels: readonly string[], kind: 'true' | 'false'): string =>
  labels.map((label) => `<span class="${kind}">${kind === 'true' ? '+' : '\u2212'} ${escapeHtml(label)}</span>`).join('');

/** The report as a page that needs nothing else. */
export function reportPage(report: GenerationReport): string {
  const { kept, dropped, mended, labels, parts, words, lengths, negatives, leakage, samples, model } = report;
  const tile = (figure: string | number, name: string) => `<div><b>${figure}</b>${name}</div>`;
  const lost = dropped.reduce((total, [, count]) => total + count, 0);
  const cards = samples.map(({ text, labels: truth, not_labels: not, ...fields }) => {
    const of = ['task', 'domain', 'topic', 'subtopic', 'language'].flatMap((field) =>
      typeof fields[field] === 'string' ? [fields[field]] : [],
    );
    return `<li>${escapeHtml(excerpt(text, 800))}<div class="labels">${chips(truth, 'true')}${chips(not, 'false')}</div>${of.length ? `<div class="of">${escapeHtml(of.join(' \u00b7 '))}</div>` : ''}</li>`;
  });
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>glz generate: ${kept} examples</title>
<style>${STYLE}</style>
<h1>Generated data</h1><p class="by">${kept} examples by ${escapeHtml(model)}</p>
<div class="tiles">${tile(kept, 'kept')}${tile(lost, 'dropped')}${tile(labels.length, 'labels')}${tile(negatives.toFixed(1), 'hard negatives an example')}${tile(words.join(' / '), 'words: least, median, most')}${tile(percent(leakage), 'label copied into the text')}</div>
${table('Dropped, by reason', dropped)}${table('Hard negatives taken out, by reason', mended)}${table('Words a text', lengths)}${parts.map(({ name, counts }) => table(`By ${name}`, counts)).join('')}${table('Labels', labels)}
<h2>Samples</h2><ol>${cards.join('')}</ol></html>
`;
}
