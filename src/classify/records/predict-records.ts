/**
 * Labels a stream of records in order, a chunk at a time: a block of record-blocks.ts, or a part of one that has very many labels. Within a
 * chunk, sequences are batched by length. Memory does not grow with the number of records. Knows records and the classifier; no files and no
 * terminal.
 */

import { DataError } from '../../base/errors.ts';
import { CANDIDATE_FIELDS, MissingColumnError, requireColumn, requireTextColumn, textOf } from '../../data/examples.ts';
import { candidateSet } from '../../data/label-list.ts';
import { recordPlace, type SourceRecord } from '../../data/read-records.ts';
import { idRecord, type RecordMember } from '../../data/record-members.ts';
import type { Given } from '../../options/declaration.ts';
import type { LOGITS_OPTIONS, ScoringOptions } from '../../options/predict.ts';
import type { LabelSet, ReadLabel } from '../../text/label-texts.ts';
import type { Classifier, ClassifierOptions, ScoredRequest } from '../classifier.ts';
import { explain, explainedAtOnce, explainedLabels } from '../explain/explain.ts';
import { balanceLogits, type LabelBalance } from '../label-balance.ts';
import { isTree, scoringOfSets } from '../levels.ts';
import type { LabelingOptions } from '../library-types.ts';
import { type AnsweredText, type Asker, readableText } from '../questions/decide.ts';
import { rankSet } from '../rank-labels.ts';
import { BrokenModelError } from '../scorer.ts';
import type { Tuned } from '../tuning/tuned.ts';
import { answeredRecord, labelledRecord } from './labelled-record.ts';
import { blockEnd, blockOf } from './record-blocks.ts';
import { untilAborted } from './until-aborted.ts';

/** How a stream of records is labelled. */
export interface PredictOptions extends LabelingOptions, ScoringOptions {
  /** Candidates of every record; each record's own `candidate_labels`, or {@link defaultLabels}, where absent. */
  labels?: LabelSet;
  /** What was fitted to these labels. */
  tuned?: Tuned;
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
  /** Whether what each word adds to the best labels comes out too. */
  explain?: boolean;
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
  /** Called once all that there is of a block (record-blocks.ts) has come out and the next record is asked for. */
  onBlock?: (block: number) => Promise<void>;
}

/** How the classifier scores for a labelling: where any number of labels may fit, one that fits a part of a long text fits the text. */
export function scoringOptions({ batchSize, shortlist, windows, multiLabel }: Given<typeof LOGITS_OPTIONS>): ClassifierOptions {
  return { batchSize, shortlist, windows, mergeWindows: multiLabel ? 'max' : 'mean' };
}

/**
 * @param where names the labels in the message, where they have a place: their file
 * @throws DataError for labels that the model cannot read or tell apart: their scores would mean nothing.
 */
export async function checkLabels(classifier: Classifier, { labels }: LabelSet, where?: string): Promise<void> {
  const problem = await classifier.labelProblem(labels);
  if (problem !== undefined) throw new DataError(where === undefined ? problem : `${where}: ${problem}`);
}

/** Records of a chunk that are explained: each takes longer. */
const EXPLAINED_AT_MOST = 64;

/** Scores that are held for a chunk at most, 64 MB: of 100,000 labels some 160 records are held together. */
const HELD_SCORES = 1 << 24;

interface Prepared {
  record: SourceRecord;
  /** Names the record in messages. */
  where: string;
  text: string;
  labels: readonly ReadLabel[];
  set: LabelSet;
}

type Scored = Prepared & (ScoredRequest | AnsweredText);

/** Records that are scored together. */
interface Chunk {
  records: Prepared[];
  /** The block that ends with them. */
  ends?: number;
}

/** What is wrong with a record, with its place in front. */
const located = (where: string, error: DataError): DataError => new DataError(`${where}: ${error.message}`);

const isNothing = (value: unknown): boolean => value === null || value === '' || (Array.isArray(value) && value.length === 0);

function* slices<Item>(items: readonly Item[], size: number): Generator<Item[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

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
  const lists = new Map<string, LabelSet>();
  const shared = (list: LabelSet): LabelSet => {
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
    const isTyped = read.typed !== undefined;
    if (columns) requireTextColumn(columns, source, options.textField, isTyped);
    if (columns && options.idField) requireColumn(columns, source, [options.idField], 'that holds the ids with --id-field', isTyped);
    const record = options.idField ? idRecord(read, options.idField, where) : read;
    const value = fields[options.textField ?? 'text'];
    const isJson = asker && typeof value === 'object' && value !== null;
    const text = isJson
      ? readableText(value, `${where}, field "${options.textField ?? 'text'}"`)
      : textOf(fields, where, options.textField);
    const withSet = (set: LabelSet): Prepared => ({ record, where, text, labels: set.labels, set });
    if (asker) return withSet({ labels: [] });
    const name = CANDIDATE_FIELDS.find((each) => fields[each] !== undefined);
    if (labels && name !== undefined && options.checkOwn && !isNothing(fields[name])) {
      const field = `${where}, field "${name}"`;
      const own = candidateSet(fields[name], field, { separator: options.labelSeparator });
      try {
        options.checkOwn(own);
      } catch (error) {
        throw error instanceof DataError ? located(field, error) : error;
      }
    }
    if (labels) return withSet(labels);
    if (name === undefined && defaultLabels) {
      defaultsChecked ??= checkLabels(classifier, defaultLabels);
      await defaultsChecked;
      return withSet(defaultLabels);
    }
    if (name === undefined)
      throw new DataError(`${where}: no field "candidate_labels"; give labels for all records with --labels or --labels-file`);
    const field = `${where}, field "${name}"`;
    const own = shared(candidateSet(fields[name], field, { separator: options.labelSeparator }));
    await checkLabels(classifier, own).catch((error: unknown) => {
      throw error instanceof DataError ? located(field, error) : error;
    });
    return withSet(own);
  };
  const scoring = scoringOptions(options);
  const score = (chunk: readonly Prepared[], how: ClassifierOptions): Promise<(ScoredRequest | AnsweredText)[]> =>
    asker
      ? asker.answer(
          chunk.map(({ text }) => text),
          how,
        )
      : classifier.logits(
          chunk,
          scoringOfSets(
            chunk.map(({ set }) => set),
            how,
          ),
        );
  let labelled = 0;
  /** Scores of the chunk's records; up to the one that cannot be read, where `failure` is that. Leaves out what is not scored. */
  async function scored(chunk: Prepared[]): Promise<{ scores: Scored[]; failure?: DataError; isCutShort?: boolean }> {
    const signal = options.signal?.aborted ? undefined : options.signal;
    const report = (done: number) => options.onProgress?.(labelled + done);
    if (chunk.length === 0) return { scores: [] };
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
  async function* chunks(): AsyncGenerator<Chunk> {
    let chunk: Prepared[] = [];
    let scores = 0;
    let block: number | undefined;
    let read = 0;
    const take = (ends?: number): Chunk => {
      const taken = { records: chunk, ends };
      chunk = [];
      scores = 0;
      if (ends !== undefined) block = undefined;
      return taken;
    };
    try {
      for await (const record of untilAborted(records, options.signal)) {
        const number = record.number ?? read++;
        if (block !== undefined && block !== blockOf(number)) yield take(block);
        block = blockOf(number);
        try {
          const prepared = await prepare(record);
          chunk.push(prepared);
          scores += prepared.labels.length;
        } catch (error) {
          // Of a table without the column no row can be labelled: said once.
          if (!options.onBadRecord || !(error instanceof DataError) || error instanceof MissingColumnError) throw error;
          options.onBadRecord(error);
        }
        if (number + 1 === blockEnd(block)) yield take(block);
        else if (scores >= HELD_SCORES || (options.explain && chunk.length >= EXPLAINED_AT_MOST)) yield take();
      }
    } catch (error) {
      if (chunk.length > 0) yield take();
      throw error;
    }
    if (block !== undefined) yield take(options.signal?.aborted ? undefined : block);
  }

  const labelsOf = (each: Prepared & ScoredRequest) => {
    const logits = options.balance ? balanceLogits(each.logits, options.balance) : each.logits;
    const { calibration } = classifier.options;
    // What is no text is not labelled: its scores would be those of the labels alone.
    const said = each.fit === undefined ? {} : { fit: 0 };
    const nothing = { labels: [], scores: [], ...said, ...(isTree(each.set) ? { path: [], pathScores: [], joint: 0 } : {}) };
    return {
      ...each,
      logits,
      ranked: isBlank(each) ? nothing : rankSet(each.set, logits, calibration, options, { fit: each.fit, tuned: options.tuned }),
    };
  };

  for await (const { records: chunk, ends } of chunks()) {
    const { scores, failure, isCutShort } = await scored(chunk);
    labelled += scores.length;
    const cut = scores.filter(({ cutTokens }) => cutTokens > 0).length;
    if (cut > 0) options.onCut?.(cut);
    const blank = scores.filter(isBlank);
    if (blank.length > 0) options.onBlank?.(blank.length, blank[0].record.line);
    const unreadable = scores.filter((each) => each.unreadable && !isBlank(each));
    if (unreadable.length > 0) options.onUnreadable?.(unreadable.length, unreadable[0].record.line);
    let out = 0;
    for (const some of slices(scores, options.explain ? explainedAtOnce(classifier.options) : 1)) {
      // What was scored is explained where it takes no longer than that did.
      if (out > 0 && options.explain && options.signal?.aborted) break;
      const found = some.map((each) => ('answers' in each ? each : labelsOf(each)));
      const explanations = options.explain
        ? await explain(
            classifier,
            found.flatMap((each) => ('answers' in each ? [] : [{ ...each, ...explainedLabels(each.set, each.ranked, options) }])),
            scoring,
          )
        : undefined;
      for (const each of found) {
        const { record, text } = each;
        options.onText?.(text, record.line);
        if ('answers' in each) yield answeredRecord(record, each.answers);
        else yield labelledRecord(record, explanations ? { ...each.ranked, explanations: explanations.shift()! } : each.ranked);
      }
      out += some.length;
    }
    if (out < scores.length) return options.onCutShort?.(out, chunk.length);
    if (failure) throw failure;
    if (isCutShort) options.onCutShort?.(scores.length, chunk.length);
    else if (ends !== undefined) await options.onBlock?.(ends);
  }
}
