/**
 * Labels a stream of records in order, a chunk at a time: within a chunk, joint sequences are batched by length. Memory does not
 * grow with the number of records. Knows records and the classifier; no files and no terminal.
 */

import { DataError } from '../../base/errors.ts';
import { labelList, textOf } from '../../data/examples.ts';
import type { SourceRecord } from '../../data/read-records.ts';
import type { Given } from '../../options/declaration.ts';
import type { LABELING_OPTIONS, LOGITS_OPTIONS, ScoringOptions } from '../../options/predict.ts';
import { type Classifier, type ClassifierOptions, choiceProbabilities, labelProbability, type ScoredRequest } from '../classifier.ts';
import { balanceLogits, type LabelBalance } from '../label-balance.ts';
import { untilAborted } from './until-aborted.ts';

/** How labels are chosen and reported. */
export type LabelingOptions = Given<typeof LABELING_OPTIONS>;

/** Labels of one text, best first. */
export interface LabelScores {
  /** Best first. */
  labels: string[];
  /** Probability of each label. */
  scores: number[];
}

/** How a stream of records is labelled. */
export interface PredictOptions extends LabelingOptions, ScoringOptions {
  /** Candidates of every record; each record's own `candidate_labels` where absent. */
  labels?: readonly string[];
  /** Field that holds the text; `text` or `sentence` unless given. */
  textField?: string;
  /** Holds back labels that win too often; for one list of candidates, and one of them. */
  balance?: LabelBalance;
  /** Names the source in messages. */
  source: string;
  /** Called for a record that cannot be labelled, which is then left out; without it the first one is thrown. */
  onBadRecord?: (error: DataError) => void;
  /** Counts texts that were cut to fit. */
  onCut?: (texts: number) => void;
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

/** Turns the logits of one text into labels, best first; ties keep the order of the candidates. */
export function rankLabels(
  candidates: readonly string[],
  logits: Float32Array,
  calibration: Classifier['options']['calibration'],
  { multiLabel = false, threshold, topK }: LabelingOptions = {},
): LabelScores {
  const probabilities = multiLabel
    ? Float64Array.from(logits, (logit) => labelProbability(logit, calibration))
    : choiceProbabilities(logits);
  const order = bestFirst(logits, topK ?? logits.length, (at) => threshold === undefined || probabilities[at] >= threshold);
  return { labels: order.map((at) => candidates[at]), scores: order.map((at) => Number(probabilities[at].toFixed(DIGITS))) };
}

/** The record with its labels: other fields pass through, and labels that it came with become `true_labels`. */
export function labelledRecord(fields: Readonly<Record<string, unknown>>, { labels, scores }: LabelScores): Record<string, unknown> {
  const { labels: own, scores: _, ...rest } = fields;
  return { ...rest, ...(own === undefined || 'true_labels' in rest ? {} : { true_labels: own }), labels, scores };
}

/** Records that are held and batched together. */
const CHUNK_SIZE = 1024;

/** The first chunk is small, so that the first results show soon. */
const FIRST_CHUNK = 64;

/** Scores that are held for a chunk at most, 64 MB: of 100,000 labels some 160 records are held together. */
const HELD_SCORES = 1 << 24;

interface Prepared {
  fields: Record<string, unknown>;
  text: string;
  labels: readonly string[];
}

type Scored = Prepared & ScoredRequest;

/**
 * Labels records, in input order.
 * @throws DataError naming the record that has no text or no candidates, unless `onBadRecord` takes it
 */
export async function* predictRecords(
  classifier: Classifier,
  records: AsyncIterable<SourceRecord>,
  options: PredictOptions,
): AsyncGenerator<Record<string, unknown>> {
  const { labels, source } = options;
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
  const prepare = ({ line, fields }: SourceRecord): Prepared => {
    const where = `${source}, line ${line}`;
    const text = textOf(fields, where, options.textField);
    if (labels) return { fields, text, labels };
    if (fields.candidate_labels === undefined && fields.all_labels === undefined)
      throw new DataError(`${where}: no field "candidate_labels"; give labels for all records with --labels or --labels-file`);
    const name = fields.candidate_labels === undefined ? 'all_labels' : 'candidate_labels';
    return { fields, text, labels: shared(labelList(fields[name], `${where}, field "${name}"`)) };
  };
  const scoring = scoringOptions(options);
  let labelled = 0;
  /** Scores of the chunk's records; up to the one whose labels do not fit, where `failure` is that. Leaves out what is not scored. */
  async function scored(chunk: Prepared[]): Promise<{ scores: Scored[]; failure?: DataError; isCutShort?: boolean }> {
    const signal = options.signal?.aborted ? undefined : options.signal;
    const report = (done: number) => options.onProgress?.(labelled + done);
    try {
      const results = await classifier.logits(chunk, { ...scoring, signal, onProgress: report });
      const scores = results.map((result, at) => ({ ...chunk[at], ...result })).filter(({ unfinished }) => !unfinished);
      return { scores, isCutShort: scores.length < chunk.length };
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
    }
    // One record's labels do not fit: the others of the chunk still count.
    const scores: Scored[] = [];
    for (const each of chunk) {
      try {
        const [result] = await classifier.logits([each], { ...scoring, signal });
        if (result.unfinished) return { scores, isCutShort: true };
        scores.push({ ...each, ...result });
        report(scores.length);
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        if (!options.onBadRecord) return { scores, failure: error };
        options.onBadRecord(error);
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
          const prepared = prepare(record);
          chunk.push(prepared);
          scores += prepared.labels.length;
        } catch (error) {
          if (!options.onBadRecord || !(error instanceof DataError)) throw error;
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
    for (const { fields, labels, logits } of scores) {
      const balanced = options.balance ? balanceLogits(logits, options.balance) : logits;
      yield labelledRecord(fields, rankLabels(labels, balanced, classifier.options.calibration, options));
    }
    if (failure) throw failure;
    if (isCutShort) options.onCutShort?.(scores.length, chunk.length);
  }
}
