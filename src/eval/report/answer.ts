/** What somebody who evaluates wants to know first: how good, on which labels it is wrong, and what it takes them for. Lines for a terminal. */
import { printable } from '../../base/printable.ts';
import { type Look, PLAIN } from '../../base/terminal/look.ts';
import { alignedTable } from '../../report/aligned-table.ts';
import { type LabelFigures, labelFigures } from '../metrics/classification.ts';
import type { EvaluationResult, SetResult, SetSummary } from './result-types.ts';
import { commonSets, systemMeans } from './summary.ts';
import { figureTable, resultNotes, setHeading } from './table.ts';

/** Labels that are shown of a set, those with the lowest F1 first. */
const SHOWN_LABELS = 12;
/** Confusions that are shown of a set. */
const SHOWN_CONFUSIONS = 5;

const figure = (value: number | null | undefined): string => (value === null || value === undefined ? '-' : value.toFixed(3));

/** Labels that have a text or a prediction, worst first. */
function worstLabels(result: SetResult, set: SetSummary): (LabelFigures & { name: string })[] {
  return labelFigures(result.truth, result.predicted, set.labels)
    .map((each, label) => ({ ...each, name: set.labelNames[label] ?? `label ${label + 1}` }))
    .filter(({ texts, predicted }) => texts + predicted > 0)
    .sort((a, b) => a.f1 - b.f1 || b.texts - a.texts);
}

function labelLines(result: SetResult, set: SetSummary, look: Look): string[] {
  const all = worstLabels(result, set);
  const shown = all.slice(0, SHOWN_LABELS);
  const rows = shown.map(({ name, texts, precision, recall, f1 }) => [name, `${texts}`, figure(precision), figure(recall), figure(f1)]);
  const title =
    shown.length < all.length
      ? `${shown.length} worst labels of ${all.length}, of ${result.system}`
      : `labels of ${result.system}, worst first`;
  const wrong = result.confusion.filter(({ truth, predicted }) => truth !== predicted);
  const nameOf = (label: number) => set.labelNames[label] ?? `label ${label + 1}`;
  const confusions = wrong.slice(0, SHOWN_CONFUSIONS).map(({ truth, predicted, count }) => [`${count}`, nameOf(truth), nameOf(predicted)]);
  return [
    '',
    alignedTable([title, 'texts', 'precision', 'recall', 'F1'], rows, figureTable(look)),
    ...(confusions.length ? ['', alignedTable(['times', 'is', 'taken for'], confusions, { others: 'left', look })] : []),
  ];
}

/** The answer: for each set each system's accuracy and macro-F1, the first one's labels and confusions; then the means. */
export function answerText(result: EvaluationResult, look = PLAIN): string {
  const parts: string[] = [];
  const settings = figureTable(look);
  for (const set of result.sets) {
    const onSet = result.results.filter((each) => each.set === set.name);
    const failed = result.failures.filter((failure) => failure.set === set.name);
    if (!onSet.length && !failed.length) continue;
    parts.push(look.paint(printable(setHeading(set)), 'strong'));
    if (onSet.length)
      parts.push(
        alignedTable(
          ['system', 'accuracy', 'macro-F1', '95 % interval'],
          onSet.map(({ system, metrics, intervals }) => [
            system,
            figure(metrics.accuracy),
            figure(metrics.macro_f1),
            `${figure(intervals.macro_f1.low)} to ${figure(intervals.macro_f1.high)}`,
          ]),
          settings,
        ),
      );
    const reference = onSet.find(({ system }) => system === result.reference);
    if (reference) parts.push(...labelLines(reference, set, look));
    parts.push(...failed.map(({ system, message }) => printable(`${system}: failed: ${message}`)), '');
  }
  const common = commonSets(result);
  if (common.length > 1)
    parts.push(
      `mean of ${common.length} sets`,
      alignedTable(
        ['system', 'accuracy', 'macro-F1'],
        systemMeans(result)
          .filter(({ sets }) => sets > 0)
          .map(({ system, means }) => [system.name, figure(means.accuracy), figure(means.macro_f1)]),
        settings,
      ),
      '',
    );
  const notes = resultNotes(result).map(printable);
  return [...parts, ...notes, '--details shows calibration, speed, memory and comparisons'].join('\n');
}
