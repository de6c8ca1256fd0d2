/**
 * What the fields of a record mean: text, true labels, hard negatives, candidates; in the spellings of glz, of the public
 * GliZNet sets (`sentence`) and of GLiClass (`all_labels`, `true_labels`). Knows records, no files and no models.
 */
import { DataError } from '../base/errors.ts';
import { nearestName } from '../options/check.ts';
import { labelList } from './label-list.ts';
import { labelStudioTask, taskLabels, taskTextField } from './label-studio.ts';
import { namedLabels } from './labelled/named-labels.ts';

/** A record of training or evaluation data. */
export interface LabelledExample {
  text: string;
  /** True labels; may be empty: a text that none of its labels fits. */
  labels: string[];
  /** Labels that are close but wrong. */
  notLabels: string[];
  /** All candidates of this text, where the record has its own. */
  candidates?: string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** A table has no column of the name that is asked for: no row of it can be read. */
export class MissingColumnError extends DataError {}

/** Fields of a record's own candidates. */
export const CANDIDATE_FIELDS = ['candidate_labels', 'all_labels'];

/** Fields of true labels, unless another is named. */
export const LABEL_FIELDS = ['labels', 'true_labels', 'label'];

/** Fields of texts, unless another is named. */
export const TEXT_FIELDS = ['text', 'sentence'];

/** What is to be done where records have no candidates. */
export const GIVE_LABELS = 'give labels for all records with --labels or --labels-file';

/** @throws MissingColumnError that names the columns there are, and what is to be done */
function requireOneOf(columns: readonly string[], source: string, names: readonly string[], advice: string, nested: boolean): void {
  if (names.some((name) => columns.some((column) => column === name || (nested && name.startsWith(`${column}.`))))) return;
  throw new MissingColumnError(`${source}: no column "${names[0]}"${nested ? '' : ' in its header'}${fieldsSaid(columns)}; ${advice}`);
}

/**
 * Checks that a table has one of some columns.
 * @param option that names another one
 * @param nested whether a column may hold fields of its own, which a path leads to
 * @throws MissingColumnError that names the columns there are, and the nearest one or the option
 */
export function requireColumn(columns: readonly string[], source: string, names: readonly string[], option: string, nested = false): void {
  const near = nearestName(names[0], columns);
  requireOneOf(columns, source, names, near === undefined ? `name the one ${option}` : `did you mean "${near}"?`, nested);
}

/** Checks that a table has a column of candidates, which its records need where there are no labels for all. @throws MissingColumnError */
export function requireCandidateColumn(columns: readonly string[], source: string, nested = false): void {
  requireOneOf(columns, source, CANDIDATE_FIELDS, GIVE_LABELS, nested);
}

/** Checks that a table has a column of texts, as {@link requireColumn} does. */
export function requireTextColumn(columns: readonly string[], source: string, field?: string, nested = false): void {
  requireColumn(columns, source, field ? [field] : TEXT_FIELDS, 'that holds the texts with --text-field', nested);
}

/** Where a record has what, other than in the usual fields. */
export interface ExampleFields {
  /** Field of the text, see {@link fieldAt}. */
  textField?: string;
  /** Field of the true labels. */
  labelField?: string;
  /** What stands between labels where a field is text, see {@link labelList}. */
  labelSeparator?: string;
  /** What the numbers in a field of labels stand for. */
  classNames?: (field: string) => readonly string[] | undefined;
}

/** The value of a field: of that name, or else along a path such as `data.text`; undefined where there is none. */
function fieldAt(fields: Fields, name: string): unknown {
  // A field that the user names may be called as something that every object has.
  if (Object.hasOwn(fields, name)) return fields[name];
  for (let dot = name.indexOf('.'); dot > 0; dot = name.indexOf('.', dot + 1)) {
    const inner = Object.hasOwn(fields, name.slice(0, dot)) ? fields[name.slice(0, dot)] : undefined;
    if (typeof inner !== 'object' || inner === null) continue;
    const value = fieldAt(inner as Fields, name.slice(dot + 1));
    if (value !== undefined) return value;
  }
  return undefined;
}

/** The fields that a record has, in a message. */
function fieldsSaid(names: readonly string[]): string {
  return names.length ? ` (it has ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', ...' : ''})` : '';
}

/** The text of a record. @throws DataError naming the field. */
export function textOf(fields: Fields, where: string, field?: string): string {
  const names = field ? [field] : TEXT_FIELDS;
  let name = names.find((each) => fieldAt(fields, each) !== undefined);
  if (name === undefined) {
    const task = labelStudioTask(fields);
    const inside = task && taskTextField(task, names);
    if (inside !== undefined) name = `data.${inside}`;
  }
  if (name === undefined)
    throw new DataError(`${where}: no field "${names[0]}"${fieldsSaid(Object.keys(fields))}; name the one of texts with --text-field`);
  const text = fieldAt(fields, name);
  if (typeof text !== 'string') throw new DataError(`${where}: field "${name}" is not text`);
  return text;
}

/**
 * Reads a labelled record.
 * @throws DataError naming the field that is missing or wrong
 */
export function labelledExample(
  fields: Fields,
  where: string,
  { textField, labelField, labelSeparator: separator, classNames = () => undefined }: ExampleFields = {},
): LabelledExample {
  const list = (name: string, allowEmpty: boolean) => {
    const place = `${where}, field "${name}"`;
    return labelList(namedLabels(fieldAt(fields, name), classNames(name), place, separator), place, { allowEmpty, separator });
  };
  const text = textOf(fields, where, textField);
  if (text.trim() === '') throw new DataError(`${where}: field "${textField ?? 'text'}" is empty`);
  const names = labelField ? [labelField] : LABEL_FIELDS;
  const found = names.find((each) => fieldAt(fields, each) !== undefined);
  // Beside a number there is often what it stands for.
  const isNumbered = found === 'label' && typeof fields.label === 'number' && typeof fields.label_text === 'string' && !classNames(found);
  const name = isNumbered ? 'label_text' : found;
  const task = name === undefined ? labelStudioTask(fields) : undefined;
  if (name === undefined && !task)
    throw new DataError(`${where}: no field "${names[0]}"${fieldsSaid(Object.keys(fields))}; name the one of labels with --label-field`);
  const labels = task ? labelList(taskLabels(task, where, labelField), where, { allowEmpty: true }) : list(name!, true);
  const all = ['all_labels', 'candidate_labels'].find((each) => fields[each] !== undefined);
  const candidates = all === undefined ? undefined : list(all, false);
  if (candidates) {
    const missing = labels.find((label) => !candidates.includes(label));
    if (missing !== undefined) throw new DataError(`${where}: the label "${missing}" is not among its own "${all}"`);
  }
  const negative = ['not_labels', 'negative_labels'].find((each) => fields[each] !== undefined);
  const notLabels = negative === undefined ? (candidates ?? []).filter((label) => !labels.includes(label)) : list(negative, true);
  const both = notLabels.find((label) => labels.includes(label));
  if (both !== undefined) throw new DataError(`${where}: "${both}" is both a true label and in "${negative}"`);
  return { text, labels, notLabels, ...(candidates ? { candidates } : {}) };
}
