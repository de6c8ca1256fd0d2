/** What is said above the bars: whether the text can be read, whether any label fits, and the path where labels are in levels. */
import { find, make } from './dom.ts';
import { isNone, type LabelResult, percent, problemOf } from './pure/bars.ts';
import { smallBar } from './small-bar.ts';

function showFit(fit: number | undefined, isMultiLabel: boolean, level: number | undefined): void {
  const box = find('fit');
  box.hidden = fit === undefined || level === undefined;
  box.replaceChildren();
  if (fit === undefined || level === undefined) return;
  const hasNone = isNone({ fit }, level);
  const fill = make('span', { className: 'fill' });
  fill.style.width = `${100 * fit}%`;
  const mark = make('span', { className: 'mark-at' });
  mark.style.left = `${100 * level}%`;
  box.className = hasNone ? 'fit none' : 'fit';
  box.append(
    make('strong', { textContent: hasNone ? 'None of these' : isMultiLabel ? 'Some of these' : 'One of these' }),
    make('span', {
      className: 'figure',
      textContent: `fit ${percent(fit)}, level ${Math.round(100 * level)}%`,
    }),
    make('span', { className: 'track scale', attributes: { 'aria-hidden': 'true' } }, fill, mark),
  );
}

function showPath({ path, joint = 0, fit }: LabelResult, isMultiLabel: boolean, level: number | undefined): void {
  const box = find('path');
  box.hidden = !path?.length;
  box.replaceChildren();
  if (!path?.length) return;
  box.append(
    make('h3', { id: 'path-head', textContent: 'Level by level' }),
    make(
      'ol',
      { className: isNone({ fit }, level) ? 'bars small none' : 'bars small', attributes: { 'aria-labelledby': 'path-head' } },
      ...path.map(({ name, score }, depth) => smallBar(name, score, true, depth)),
    ),
    make('p', {
      className: 'hint',
      textContent: isMultiLabel
        ? `Each by itself, but no likelier than the one above it: ${percent(joint)}.`
        : `Each among those beside it; together, their product: ${percent(joint)}.`,
    }),
  );
}

/** Shows a result's fit and path, or neither, and whether the text could be read. @param level fit below which no label is taken; undefined: one always is */
export function showVerdict(result: LabelResult | undefined, isMultiLabel: boolean, level: number | undefined): void {
  find('problem-of-text').textContent = (result && problemOf(result)) ?? '';
  showFit(result?.fit, isMultiLabel, level);
  showPath(result ?? { bars: [] }, isMultiLabel, level);
}
