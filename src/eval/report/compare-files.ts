/** Result files side by side: `glz eval --compare a.json b.json`. Text out of results; reads no files. */
import { printable } from '../../base/printable.ts';
import { type Look, PLAIN } from '../../base/terminal/look.ts';
import { alignedTable } from '../../report/aligned-table.ts';
import { compareResults } from './comparison.ts';
import type { EvaluationResult, SetResult } from './result-types.ts';

/** A result and the name that it goes by. */
export interface NamedResult {
  path: string;
  result: EvaluationResult;
}

const signed = (value: number): string => `${value >= 0 ? '+' : ''}${value.toFixed(3)}`;

/**
 * Compares the first result with each other one: systems of the same name on sets of the same content; where both files hold only one
 * system each, those two, whatever their names.
 */
export function compareFiles(results: readonly NamedResult[], resamples = 1000, look = PLAIN): string {
  const [first, ...others] = results;
  return others.map((other) => compareTwo(first, other, resamples, look)).join('\n\n');
}

function pairs(a: EvaluationResult, b: EvaluationResult): [string, string][] {
  const names = (result: EvaluationResult) => [...new Set(result.results.map(({ system }) => system))];
  const [left, right] = [names(a), names(b)];
  if (left.length === 1 && right.length === 1) return [[left[0], right[0]]];
  return left.filter((name) => right.includes(name)).map((name) => [name, name]);
}

const TONES: Readonly<Record<string, 'good' | 'poor'>> = { better: 'good', worse: 'poor' };

function compareTwo(a: NamedResult, b: NamedResult, resamples: number, look: Look): string {
  const hashes = (result: EvaluationResult) => new Map(result.sets.map(({ name, hash }) => [name, hash]));
  const [before, after] = [hashes(a.result), hashes(b.result)];
  const rows: string[][] = [];
  const skipped = new Set<string>();
  const differences = new Map<string, number[]>();
  for (const [left, right] of pairs(a.result, b.result))
    for (const { name } of a.result.sets) {
      const find = ({ result }: NamedResult, system: string): SetResult | undefined =>
        result.results.find((each) => each.system === system && each.set === name);
      const [x, y] = [find(a, left), find(b, right)];
      if (!x || !y) continue;
      if (before.get(name) !== after.get(name) || x.predicted.length !== y.predicted.length) {
        skipped.add(name);
        continue;
      }
      const { macro_f1: f1, accuracy, mcnemar } = compareResults(y, x, resamples);
      const title = left === right ? left : `${left} -> ${right}`;
      differences.set(title, [...(differences.get(title) ?? []), f1.difference]);
      rows.push([
        title,
        name,
        x.metrics.macro_f1.toFixed(3),
        y.metrics.macro_f1.toFixed(3),
        `${signed(f1.difference)} [${signed(f1.interval.low)}, ${signed(f1.interval.high)}]`,
        signed(accuracy.difference),
        mcnemar.p.toPrecision(2),
        mcnemar.p >= 0.05 ? '=' : mcnemar.onlyReference > mcnemar.onlySystem ? 'better' : 'worse',
        `${(y.timing.textsPerSecond / x.timing.textsPerSecond).toFixed(2)}x`,
      ]);
    }
  const lines = [look.paint(printable(`${a.path} (${a.result.created}) -> ${b.path} (${b.result.created})`), 'strong')];
  const header = ['system', 'set', 'macro-F1', 'now', 'difference', 'accuracy', 'p', 'verdict', 'speed'];
  if (rows.length) lines.push(alignedTable(header, rows, { look, tone: (title, cell) => (title === 'verdict' ? TONES[cell] : undefined) }));
  else lines.push('nothing in common: no system of the same name has answered the same set in both files');
  for (const [title, values] of differences)
    lines.push(
      printable(
        `${title}: mean difference of macro-F1 over ${values.length} sets ${signed(values.reduce((sum, value) => sum + value, 0) / values.length)}`,
      ),
    );
  if (skipped.size) lines.push(printable(`left out, because texts, labels or wording differ: ${[...skipped].join(', ')}`));
  return lines.join('\n');
}
