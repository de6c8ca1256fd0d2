/** A record with what is scored of it: its text and its candidates, which are its own or those of all records. Knows no scores. */

import { DataError } from '../../base/errors.ts';
import { CANDIDATE_FIELDS, GIVE_LABELS, requireCandidateColumn, requireColumn, requireTextColumn, textOf } from '../../data/examples.ts';
import { candidateSet } from '../../data/label-list.ts';
import { recordPlace, type SourceRecord } from '../../data/read-records.ts';
import { idRecord } from '../../data/record-members.ts';
import type { LabelSet, ReadLabel } from '../../text/label-texts.ts';
import type { Classifier } from '../classifier.ts';
import { type Asker, readableText } from '../questions/decide.ts';

/** Where a record's text and its candidates come from. */
export interface RecordReading {
  /** Candidates of every record; each record's own `candidate_labels`, or {@link defaultLabels}, where absent. */
  labels?: LabelSet;
  /** Given candidates that a record has of its own beside `labels`, which are used instead. @throws DataError where that is wrong */
  checkOwn?: (own: LabelSet) => void;
  /** Questions that are answered instead of labels. */
  asker?: Asker;
  /** Candidates of records that have none of their own. */
  defaultLabels?: LabelSet;
  /** Field that holds the text; `text` or `sentence` unless given. */
  textField?: string;
  /** Field of ids: results hold it and nothing else of their records. */
  idField?: string;
  /** What stands between a record's own candidates where they are text, see {@link candidateSet}. */
  labelSeparator?: string;
  /** Names the source in messages. */
  source: string;
}

/** A record that can be scored. */
export interface PreparedRecord {
  record: SourceRecord;
  /** Names the record in messages. */
  where: string;
  text: string;
  labels: readonly ReadLabel[];
  set: LabelSet;
}

/** Candidate lists that are kept, to be one object for all records that have the same. */
const MOST_LISTS = 10_000;

/** What is wrong with a record, with its place in front. */
export const located = (where: string, error: DataError): DataError => new DataError(`${where}: ${error.message}`);

const isNothing = (value: unknown): boolean => value === null || value === '' || (Array.isArray(value) && value.length === 0);

/**
 * @param where names the labels in the message, where they have a place: their file
 * @throws DataError for labels that the model cannot read or tell apart: their scores would mean nothing.
 */
export async function checkLabels(classifier: Classifier, { labels }: LabelSet, where?: string): Promise<void> {
  const problem = await classifier.labelProblem(labels);
  if (problem !== undefined) throw new DataError(where === undefined ? problem : `${where}: ${problem}`);
}

/** Gives the same object for equal lists: records often repeat a few, and one array for each lets the classifier prepare it once. */
function createSharedLists(): (list: LabelSet) => LabelSet {
  const lists = new Map<string, LabelSet>();
  return (list) => {
    const key = JSON.stringify(list);
    if (lists.size > MOST_LISTS) lists.clear();
    const known = lists.get(key);
    if (known) return known;
    lists.set(key, list);
    return list;
  };
}

/** Finds the candidates of a record. The function throws DataError where it has none, or some that the model cannot tell apart. */
function createCandidates(classifier: Classifier, options: RecordReading) {
  const { labels, checkOwn, defaultLabels, labelSeparator: separator } = options;
  const shared = createSharedLists();
  let defaultsChecked: Promise<void> | undefined;
  return async (fields: SourceRecord['fields'], where: string): Promise<LabelSet> => {
    const name = CANDIDATE_FIELDS.find((each) => fields[each] !== undefined);
    const field = `${where}, field "${name}"`;
    if (labels) {
      if (name === undefined || !checkOwn || isNothing(fields[name])) return labels;
      const own = candidateSet(fields[name], field, { separator });
      try {
        checkOwn(own);
      } catch (error) {
        throw error instanceof DataError ? located(field, error) : error;
      }
      return labels;
    }
    if (name === undefined && defaultLabels) {
      defaultsChecked ??= checkLabels(classifier, defaultLabels);
      await defaultsChecked;
      return defaultLabels;
    }
    if (name === undefined) throw new DataError(`${where}: no field "${CANDIDATE_FIELDS[0]}"; ${GIVE_LABELS}`);
    const own = shared(candidateSet(fields[name], field, { separator }));
    await checkLabels(classifier, own).catch((error: unknown) => {
      throw error instanceof DataError ? located(field, error) : error;
    });
    return own;
  };
}

/** Checks that a record of a table has the columns of texts and of ids, whoever labels it. @throws MissingColumnError */
export function requireColumns(
  { columns, typed }: SourceRecord,
  { source, textField, idField }: Pick<RecordReading, 'source' | 'textField' | 'idField'>,
): void {
  if (!columns) return;
  requireTextColumn(columns, source, textField, typed !== undefined);
  if (idField) requireColumn(columns, source, [idField], 'that holds the ids with --id-field', typed !== undefined);
}

/**
 * Makes the function that prepares records. It throws DataError, which names the record, for one that has no text or no candidates, and
 * MissingColumnError for one of a table without a column that is asked for.
 */
export function createPreparation(classifier: Classifier, options: RecordReading): (read: SourceRecord) => Promise<PreparedRecord> {
  const { source, textField, idField, asker } = options;
  const candidatesOf = createCandidates(classifier, options);
  return async (read) => {
    const { fields, columns } = read;
    const where = recordPlace(source, read);
    requireColumns(read, options);
    if (columns && !asker && !options.labels && !options.defaultLabels) requireCandidateColumn(columns, source, read.typed !== undefined);
    const record = idField ? idRecord(read, idField, where) : read;
    const value = fields[textField ?? 'text'];
    const isJson = asker && typeof value === 'object' && value !== null;
    const text = isJson ? readableText(value, `${where}, field "${textField ?? 'text'}"`) : textOf(fields, where, textField);
    const set = asker ? { labels: [] } : await candidatesOf(fields, where);
    return { record, where, text, labels: set.labels, set };
  };
}
