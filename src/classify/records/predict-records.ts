/**
 * Labels a stream of records in order, a chunk at a time: within a chunk, joint sequences are batched by length. Memory does not
 * grow with the number of records. Knows records and the classifier; no files and no terminal.
 */

import { DataError } from '../../base/errors.ts';
import { CANDIDATE_FIELDS, MissingColumnError, requireColumn, requireTextColumn, textOf } from '../../data/examples.ts';
import { labelList } from '../../data/label-list.ts';
import { recordPlace, type SourceRecord } from '../../data/read-records.ts';
import { idRecord, membersOf, type RecordMember, recordMembers } from '../../data/record-members.ts';
import type { Given } from '../../options/declaration.ts';
import type { LOGITS_OPTIONS, ScoringOptions } from '../../options/predict.ts';
import { type Classifier, type ClassifierOptions, choiceProbabilities, labelProbability, type ScoredRequest } from '../classifier.ts';
import { balanceLogits, type LabelBalance } from '../label-balance.ts';
import type { LabelingOptions, LabelScores } from '../library-types.ts';
import { type AnsweredText, type Asker, readableText } from '../questions/decide.ts';
import type { Answers } from '../questions/questions.ts';
import { BrokenModelError } from '../scorer.ts';
import { untilAborted } from './until-aborted.ts';

/** How a stream of records is labelled. */
export interface PredictOptions extends LabelingOptions, ScoringOptions {
  /** Candidates of every record; each record's own `candidate_labels`, or {@link defaultLabels}, where absent. */
  labels?: readonly string[];
  /** Questions that are answered instead of labels. */
  asker?: Asker;
  /** Candidates of records that have none of their own. */
  defaultLabels?: readonly string[];
  /** Field that holds the text; `text` or `sentence` unless given. */
  textField?: string;
  /** Field of ids: results hold it and nothing else of their records. */
  idField?: string;
  /** What stands between a record's own candidates where they are text, see {@link labelList}. */
  labelSeparator?: string;
  /** Holds back labels that win too often; for one list of candidates, and one of them. */
  balance?: LabelBalance;
  /** Names the source in messages. */
  source: string;
  /** Called for a record that cannot be labelled, which is then left out; without it the first one is thrown. */
  onBadRecord?: (error: DataError) => void;
  /** Counts texts that were cut to fit. */
  onCut?: (texts: number) => void;
  /** Counts texts of which the model reads nothing; the first one is at `line`. */
  onUnreadable?: (texts: number, line: number) => void;
  /** Called with each text that is labelled, before it is. */
  onText?: (text: string, line: number) => void;
  /** Counts blank texts, which get no labels; the first one is at `line`. */
  onBlank?: (texts: number, line: number) => void;
  /** Called after each batch with the number of records that are labelled, before they come out. */
  onProgress?: (labelled: number) => void;
  /**
   * Ends the labelling after the batch that runs: what is labelled comes out, in order. While records are waited for nothing runs:
   * those that were read are then labelled, and the wait ends.
   */
  signal?: AbortSignal;
  /** Told when the signal ends the labelling within a chunk: of so many records in it so many were labelled. */
  onCutShort?: (labelled: number, records: number) => void;
}

/** Scores with so many digits: more say nothing. */
const DIGITS = 6;

/** How the classifier scores for a labelling: where any number of labels may fit, one that fits a part of a long text fits the text. */
export function scoringOptions({ batchSize, shortlist, windows, multiLabel }: Given<typeof LOGITS_OPTIONS>): ClassifierOptions {
  return { batchSize, shortlist, windows, mergeWindows: multiLabel ? 'max' : 'mean' };
}

/** Numbers of the labels that count, best first; ties keep their order. Labels that were not on the shortlist have no score. */
function bestFirst(logits: Float32Array, most: number, counts: (label: number) => boolean): number[] {
  let found: number[] = [];
  // Where few of many labels are asked for, what does not reach the last of the best so far needs no order.
  let bar = Number.NEGATIVE_INFINITY;
  const keepBest = (): void => {
    found = found.sort((a, b) => logits[b] - logits[a] || a - b).slice(0, most);
    if (found.length === most) bar = logits[found[most - 1]];
  };
  for (let label = 0; label < logits.length; label++) {
    if (!(logits[label] > bar) || !counts(label)) continue;
    found.push(label);
    if (found.length >= 2 * most) keepBest();
  }
  keepBest();
  return found;
}

/** Whether no more than one label was read: beside no other its score would be 1 whatever the text says. */
function isAlone(logits: Float32Array): boolean {
  let read = 0;
  for (let at = 0; at < logits.length && read < 2; at++) if (Number.isFinite(logits[at])) read++;
  return read < 2;
}

/**
 * Turns the logits of one text into labels, best first; ties keep the order of the candidates. A single label is scored by itself, as with
 * `multiLabel`: there is nothing to choose between.
 */
export function rankLabels(
  candidates: readonly string[],
  logits: Float32Array,
  calibration: Classifier['options']['calibration'],
  { multiLabel = false, threshold, topK }: LabelingOptions = {},
): LabelScores {
  const probabilities =
    multiLabel || isAlone(logits)
      ? Float64Array.from(logits, (logit) => labelProbability(logit, calibration))
      : choiceProbabilities(logits);
  const order = bestFirst(logits, topK ?? logits.length, (at) => threshold === undefined || probabilities[at] >= threshold);
  return { labels: order.map((at) => candidates[at]), scores: order.map((at) => Number(probabilities[at].toFixed(DIGITS))) };
}

/** A name that is not taken: the wanted one, or with a number behind it. */
function freeName(taken: ReadonlySet<string>, wanted: string): string {
  let name = wanted;
  for (let number = 2; taken.has(name); number++) name = `${wanted}_${number}`;
  return name;
}

/**
 * The members of a record with its labels: its own pass through as they were written. Labels that it came with become
 * `true_labels` (`input_labels` where it has that too), scores `input_scores`; a number is put behind a name that is taken.
 */
export function labelledRecord(record: SourceRecord, { labels, scores }: LabelScores): RecordMember[] {
  const members = recordMembers(record);
  const taken = new Set(members.map(({ name }) => name));
  const names = new Map([
    ['labels', taken.has('true_labels') ? freeName(taken, 'input_labels') : 'true_labels'],
    ['scores', freeName(taken, 'input_scores')],
  ]);
  return [...members.map((member) => ({ ...member, name: names.get(member.name) ?? member.name })), ...membersOf({ labels, scores })];
}

/** The members of a record with its answers; those that it came with become `input_answers`. */
export function answeredRecord(record: SourceRecord, answers: Answers): RecordMember[] {
  const members = recordMembers(record);
  const name = freeName(new Set(members.map((member) => member.name)), 'input_answers');
  return [...members.map((member) => (member.name === 'answers' ? { ...member, name } : member)), ...membersOf({ answers })];
}

/** @throws DataError for labels that the model cannot read or tell apart: their scores would mean nothing. */
export async function checkLabels(classifier: Classifier, labels: readonly string[]): Promise<void> {
  const problem = await classifier.labelProblem(labels);
  if (problem !== undefined) throw new DataError(problem);
}

/** Records that are held and batched together. */
const CHUNK_SIZE = 1024;

/** The first chunk is small, so that the first results show soon. */
const FIRST_CHUNK = 64;

/** Scores that are held for a chunk at most, 64 MB: of 100,000 labels some 160 records are held together. */
const HELD_SCORES = 1 << 24;

interface Prepared {
  record: SourceRecord;
  /** Names the record in messages. */
  where: string;
  text: string;
  labels: readonly string[];
}

type Scored = Prepared & (ScoredRequest | AnsweredText);

/** What is wrong with a record, with its place in front. */
const located = (where: string, error: DataError): DataError => new DataError(`${where}: ${error.message}`);

const isBlank = (each: { text: string }): boolean => !('answers' in each) && each.text.trim() === '';

/**
 * Labels records, in input order; each comes out as {@link labelledRecord} has it.
 * @throws DataError naming the record that has no text or no candidates, or candidates that the model cannot tell apart, unless
 *   `onBadRecord` takes it; for such candidates of all records at once; BrokenModelError
 */
export async function* predictRecords(
  classifier: Classifier,
  records: AsyncIterable<SourceRecord>,
  options: PredictOptions,
): AsyncGenerator<RecordMember[]> {
  const { labels, defaultLabels, source, asker } = options;
  if (labels) await checkLabels(classifier, labels);
  let defaultsChecked: Promise<void> | undefined;
  // Records often repeat a few candidate lists: one array for each lets the classifier prepare it once.
  const lists = new Map<string, readonly string[]>();
  const shared = (list: readonly string[]): readonly string[] => {
    const key = JSON.stringify(list);
    if (lists.size > 10_000) lists.clear();
    const known = lists.get(key);
    if (known) return known;
    lists.set(key, list);
    return list;
  };
  const prepare = async (read: SourceRecord): Promise<Prepared> => {
    const { fields, columns } = read;
    const where = recordPlace(source, read);
    if (columns) requireTextColumn(columns, source, options.textField, read.typed !== undefined);
    if (columns && options.idField)
      requireColumn(columns, source, [options.idField], 'that holds the ids with --id-field', read.typed !== undefined);
    const record = options.idField ? idRecord(read, options.idField, where) : read;
    const value = fields[options.textField ?? 'text'];
    const isJson = asker && typeof value === 'object' && value !== null;
    const text = isJson
      ? readableText(value, `${where}, field "${options.textField ?? 'text'}"`)
      : textOf(fields, where, options.textField);
    if (asker) return { record, where, text, labels: [] };
    if (labels) return { record, where, text, labels };
    const name = CANDIDATE_FIELDS.find((each) => fields[each] !== undefined);
    if (name === undefined && defaultLabels) {
      defaultsChecked ??= checkLabels(classifier, defaultLabels);
      await defaultsChecked;
      return { record, where, text, labels: defaultLabels };
    }
    if (name === undefined)
      throw new DataError(`${where}: no field "candidate_labels"; give labels for all records with --labels or --labels-file`);
    const field = `${where}, field "${name}"`;
    const own = shared(labelList(fields[name], field, { separator: options.labelSeparator }));
    await checkLabels(classifier, own).catch((error: unknown) => {
      throw error instanceof DataError ? located(field, error) : error;
    });
    return { record, where, text, labels: own };
  };
  const scoring = scoringOptions(options);
  const score = (chunk: readonly Prepared[], how: ClassifierOptions): Promise<(ScoredRequest | AnsweredText)[]> =>
    asker
      ? asker.answer(
          chunk.map(({ text }) => text),
          how,
        )
      : classifier.logits(chunk, how);
  let labelled = 0;
  /** Scores of the chunk's records; up to the one that cannot be read, where `failure` is that. Leaves out what is not scored. */
  async function scored(chunk: Prepared[]): Promise<{ scores: Scored[]; failure?: DataError; isCutShort?: boolean }> {
    const signal = options.signal?.aborted ? undefined : options.signal;
    const report = (done: number) => options.onProgress?.(labelled + done);
    try {
      const results = await score(chunk, { ...scoring, signal, onProgress: report });
      const scores = results.map((result, at) => ({ ...chunk[at], ...result })).filter(({ unfinished }) => !unfinished);
      return { scores, isCutShort: scores.length < chunk.length };
    } catch (error) {
      if (!(error instanceof DataError) || error instanceof BrokenModelError) throw error;
    }
    // One record cannot be tokenized: the others of the chunk still count.
    const scores: Scored[] = [];
    for (const each of chunk) {
      try {
        const [result] = await score([each], { ...scoring, signal });
        if (result.unfinished) return { scores, isCutShort: true };
        scores.push({ ...each, ...result });
        report(scores.length);
      } catch (error) {
        if (!(error instanceof DataError) || error instanceof BrokenModelError) throw error;
        const failure = located(each.where, error);
        if (!options.onBadRecord) return { scores, failure };
        options.onBadRecord(failure);
      }
    }
    return { scores };
  }
  /** What is read for a chunk; of an error while reading what came before it first. */
  async function* chunks(): AsyncGenerator<Prepared[]> {
    let chunk: Prepared[] = [];
    let scores = 0;
    let size = FIRST_CHUNK;
    try {
      for await (const record of untilAborted(records, options.signal)) {
        try {
          const prepared = await prepare(record);
          chunk.push(prepared);
          scores += prepared.labels.length;
        } catch (error) {
          // Of a table without the column no row can be labelled: said once.
          if (!options.onBadRecord || !(error instanceof DataError) || error instanceof MissingColumnError) throw error;
          options.onBadRecord(error);
        }
        if (chunk.length < size && scores < HELD_SCORES) continue;
        yield chunk;
        chunk = [];
        scores = 0;
        size = Math.min(CHUNK_SIZE, 4 * size);
      }
    } catch (error) {
      if (chunk.length > 0) yield chunk;
      throw error;
    }
    if (chunk.length > 0) yield chunk;
  }

  for await (const chunk of chunks()) {
    const { scores, failure, isCutShort } = await scored(chunk);
    labelled += scores.length;
    const cut = scores.filter(({ cutTokens }) => cutTokens > 0).length;
    if (cut > 0) options.onCut?.(cut);
    // What is no text is not labelled: its scores would be those of the labels alone.
    const blank = scores.filter(isBlank);
    if (blank.length > 0) options.onBlank?.(blank.length, blank[0].record.line);
    const unreadable = scores.filter((each) => each.unreadable && !isBlank(each));
    if (unreadable.length > 0) options.onUnreadable?.(unreadable.length, unreadable[0].record.line);
    for (const each of scores) {
      const { record, text, labels } = each;
      options.onText?.(text, record.line);
      if ('answers' in each) {
        yield answeredRecord(record, each.answers);
        continue;
      }
      if (isBlank(each)) {
        yield labelledRecord(record, { labels: [], scores: [] });
        continue;
      }
      const { logits } = each;
      const balanced = options.balance ? balanceLogits(logits, options.balance) : logits;
      yield labelledRecord(record, rankLabels(labels, balanced, classifier.options.calibration, options));
    }
    if (failure) throw failure;
    if (isCutShort) options.onCutShort?.(scores.length, chunk.length);
  }
}
