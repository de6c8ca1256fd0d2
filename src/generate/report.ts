/** What a generation run made: for the terminal, and as one self-contained HTML file. */
import type { GeneratedRecord } from './journal.ts';

/** Figures of a run. */
export interface GenerationReport {
  model: string;
  kept: number;
  dropped: Record<string, number>;
  /** Examples by label, most frequent first. */
  labels: [string, number][];
  /** Text lengths in words: least, median, most. */
  words: [number, number, number];
  /** Share of examples whose text contains a true label. */
  leakage: number;
  samples: GeneratedRecord[];
}

/** Sums up records. */
export function summarize(
  records: readonly GeneratedRecord[],
  dropped: Readonly<Record<string, number>>,
  model: string,
  leaked: number,
): GenerationReport {
  const counts = new Map<string, number>();
  for (const { labels } of records) for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const words = records.map(({ text }) => text.split(/\s+/).length).sort((a, b) => a - b);
  const samples = Array.from(
    { length: Math.min(10, records.length) },
    (_, i) => records[Math.floor((i * records.length) / Math.min(10, records.length))],
  );
  return {
    model,
    kept: records.length,
    dropped: { ...dropped },
    labels: [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])),
    words: [words[0] ?? 0, words[words.length >> 1] ?? 0, words.at(-1) ?? 0],
    leakage: records.length ? leaked / records.length : 0,
    samples,
  };
}

/** The report as plain lines. */
export function reportLines(report: GenerationReport): string[] {
  const { kept, dropped, labels, words, leakage, samples } = report;
  const lines = [
    `kept ${kept} examples, ${labels.length} labels; words a text: ${words.join(' / ')} (least, median, most); label copied into the text: ${(100 * leakage).toFixed(1)} %`,
  ];
  for (const [reason, count] of Object.entries(dropped).sort((a, b) => b[1] - a[1])) lines.push(`  dropped ${count}: ${reason}`);
  if (labels.length)
    lines.push(
      `  most frequent: ${labels
        .slice(0, 8)
        .map(([label, count]) => `${label} ${count}`)
        .join(', ')}`,
    );
  for (const { text, labels: truth, not_labels: not } of samples.slice(0, 10))
    lines.push(
      `  - ${text.length > 100 ? `${text.slice(0, 97)}...` : text}  [+ ${truth.join(', ')}${not.length ? ` | - ${not.join(', ')}` : ''}]`,
    );
  return lines;
}

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

/** The report as a page that needs nothing else. */
export function reportPage(report: GenerationReport): string {
  const most = report.labels[0]?.[1] ?? 1;
  const bars = report.labels
    .slice(0, 60)
    .map(
      ([label, count]) =>
        `<tr><td>${escapeHtml(label)}</td><td>${count}</td><td><div class="bar" style="width:${((100 * count) / most).toFixed(1)}%"></div></td></tr>`,
    )
    .join('');
  const dropped = Object.entries(report.dropped)
    .sort((a, b) => b[1] - a[1])
    .map(([reason, count]) => `<tr><td>${escapeHtml(reason)}</td><td>${count}</td></tr>`)
    .join('');
  const samples = report.samples
    .map(
      ({ text, labels, not_labels: not }) =>
        `<li>${escapeHtml(text)}<br><b>${escapeHtml(labels.join(', '))}</b> <s>${escapeHtml(not.join(', '))}</s></li>`,
    )
    .join('');
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>glz generate</title>
<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;width:100%}td{padding:.1rem .6rem .1rem 0;vertical-align:middle}td:nth-child(2){text-align:right;width:5rem}.bar{height:.8rem;background:#3b82c4;border-radius:2px}s{color:#888}li{margin:.5rem 0}</style>
<h1>Generated data</h1><p>${report.kept} examples by ${escapeHtml(report.model)}; ${report.labels.length} labels; words a text ${report.words.join(' / ')} (least, median, most); label copied into the text ${(100 * report.leakage).toFixed(1)} %.</p>
<h2>Dropped</h2><table>${dropped || '<tr><td>nothing</td></tr>'}</table><h2>Labels</h2><table>${bars}</table><h2>Samples</h2><ol>${samples}</ol></html>
`;
}
