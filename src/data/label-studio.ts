/**
 * Tasks as Label Studio exports them (JSON): the text in `data`, the labels as choices of one or several annotators. Knows records; nothing
 * of files.
 */

import { DataError } from '../base/errors.ts';
import { isObject } from '../base/is-object.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A task. */
export interface LabelStudioTask {
  data: Fields;
  annotations: readonly unknown[];
}

/** A record as a task, undefined where it is none. */
export function labelStudioTask({ data, annotations, completions }: Fields): LabelStudioTask | undefined {
  const given = annotations ?? completions;
  return isObject(data) && Array.isArray(given) ? { data, annotations: given } : undefined;
}

/** The field of `data` that holds the text: one of the names, or the only one that is text; undefined where there is none or several. */
export function taskTextField({ data }: LabelStudioTask, names: readonly string[]): string | undefined {
  const texts = Object.keys(data).filter((name) => typeof data[name] === 'string');
  return names.find((name) => texts.includes(name)) ?? (texts.length === 1 ? texts[0] : undefined);
}

/** Choices of an annotation, by the control that asked for them. */
function choicesOf(annotation: unknown): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const results = isObject(annotation) && Array.isArray(annotation.result) ? (annotation.result as unknown[]) : [];
  for (const result of results) {
    if (!isObject(result) || !isObject(result.value) || !Array.isArray(result.value.choices)) continue;
    const name = String(result.from_name);
    found.set(name, [...(found.get(name) ?? []), ...result.value.choices.map(String)]);
  }
  return found;
}

/**
 * Labels of a task: what more than half of its annotators chose.
 * @param control whose choices count, where there are several
 * @throws DataError where there are no annotations, several controls, or annotators of which no half agrees
 */
export function taskLabels({ annotations }: LabelStudioTask, where: string, control?: string): string[] {
  const done = annotations.filter((each) => !(isObject(each) && each.was_cancelled === true));
  if (!done.length) throw new DataError(`${where}: a task without annotations`);
  const choices = done.map(choicesOf);
  const controls = [...new Set(choices.flatMap((each) => [...each.keys()]))];
  if (control !== undefined && !controls.includes(control))
    throw new DataError(`${where}: no choices of "${control}"${controls.length ? ` (it has ${controls.join(', ')})` : ''}`);
  if (control === undefined && controls.length > 1)
    throw new DataError(`${where}: choices of ${controls.join(' and ')}; name the one of labels with --label-field`);
  const own = choices.map((each) => [...new Set(each.get(control ?? controls[0]) ?? [])]);
  const counts = new Map<string, number>();
  for (const label of own.flat()) counts.set(label, (counts.get(label) ?? 0) + 1);
  const labels = [...counts].flatMap(([label, count]) => (2 * count > own.length ? [label] : []));
  const saidNothing = own.filter((each) => !each.length).length;
  if (!labels.length && 2 * saidNothing <= own.length)
    throw new DataError(
      `${where}: its ${own.length} annotators disagree (${[...counts.keys()].join(', ')}); no label has more than half of them`,
    );
  return labels;
}
