/**
 * Labels a stream of records in order, a chunk at a time (record-chunks.ts). Within a chunk, sequences are batched by length. Memory does not
 * grow with the number of records. Knows records and the classifier; no files and no terminal.
 */

import type { SourceRecord } from '../../data/read-records.ts';
import type { RecordMember } from '../../data/record-members.ts';
import type { Given } from '../../options/declaration.ts';
import type { LOGITS_OPTIONS, ScoringOptions } from '../../options/predict.ts';
import type { Classifier, ClassifierOptions } from '../classifier.ts';
import { explainedAtOnce } from '../explain/explain.ts';
import { createChunkScorer, type ScoredRecord } from './chunk-scores.ts';
import { answeredRecord, labelledRecord } from './labelled-record.ts';
import { checkLabels, createPreparation, type RecordReading } from './prepared-record.ts';
import { explainRecords, isBlank, type RankingOptions, rankRecord } from './ranked-record.ts';
import { type ChunkOptions, recordChunks } from './record-chunks.ts';

/** What is told while records are labelled. */
interface PredictCallbacks {
  /** Counts texts that were cut to fit. */
  onCut?: (texts: number) => void;
  /** Counts texts of which the model reads nothing; the first one is at `line`. */
  onUnreadable?: (texts: number, line: number) => void;
  /** Called with each text that is labelled, before it comes out: the script that it is in, where the model knows little of that. */
  onScript?: (script: string | undefined, line: number) => void;
  /** Counts blank texts, which get no labels; the first one is at `line`. */
  onBlank?: (texts: number, line: number) => void;
  /** Called after each batch with the number of records that are labelled, before they come out. */
  onProgress?: (labelled: number) => void;
  /** Told when the signal ends the labelling within a chunk: of so many records in it so many were labelled. */
  onCutShort?: (labelled: number, records: number) => void;
  /** Called once all that there is of a block (record-blocks.ts) has come out and the next record is asked for. */
  onBlock?: (block: number) => Promise<void>;
}

/** How a stream of records is labelled. */
export interface PredictOptions extends RecordReading, ChunkOptions, RankingOptions, ScoringOptions, PredictCallbacks {}

/** How the classifier scores for a labelling: where any number of labels may fit, one that fits a part of a long text fits the text. */
export function scoringOptions({ batchSize, shortlist, windows, multiLabel }: Given<typeof LOGITS_OPTIONS>): ClassifierOptions {
  return { batchSize, shortlist, windows, mergeWindows: multiLabel ? 'max' : 'mean' };
}

function* slices<Item>(items: readonly Item[], size: number): Generator<Item[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

/** Tells how many texts were cut, are blank, and cannot be read. */
function countTexts(scores: readonly ScoredRecord[], { onCut, onBlank, onUnreadable }: PredictCallbacks): void {
  const cut = scores.filter(({ cutTokens }) => cutTokens > 0).length;
  if (cut > 0) onCut?.(cut);
  const blank = scores.filter(isBlank);
  if (blank.length > 0) onBlank?.(blank.length, blank[0].record.line);
  const unreadable = scores.filter((each) => each.unreadable && !isBlank(each));
  if (unreadable.length > 0) onUnreadable?.(unreadable.length, unreadable[0].record.line);
}

/**
 * Labels records, in input order; each comes out as {@link labelledRecord} has it.
 * @throws DataError naming the record that has no text or no candidates, or candidates that the model cannot tell apart, unless
 *   `onBadRecord` takes it; for such candidates of all records at once; NoScoresError
 */
export async function* predictRecords(
  classifier: Classifier,
  records: AsyncIterable<SourceRecord>,
  options: PredictOptions,
): AsyncGenerator<RecordMember[]> {
  if (options.labels) await checkLabels(classifier, options.labels);
  const scoring = scoringOptions(options);
  const scoreChunk = createChunkScorer(classifier, scoring, options);
  const atOnce = options.explain ? explainedAtOnce(classifier.options) : 1;
  let labelled = 0;
  for await (const { records: chunk, ends } of recordChunks(records, createPreparation(classifier, options), options)) {
    const { scores, failure, isCutShort } = await scoreChunk(chunk, (done) => options.onProgress?.(labelled + done));
    labelled += scores.length;
    countTexts(scores, options);
    let out = 0;
    for (const some of slices(scores, atOnce)) {
      // What was scored is explained where it takes no longer than that did.
      if (out > 0 && options.explain && options.signal?.aborted) break;
      const ranked = some.map((each) => rankRecord(classifier, each, options));
      for (const each of options.explain ? await explainRecords(classifier, ranked, scoring, options) : ranked) {
        options.onScript?.(each.unknownScript, each.record.line);
        yield 'answers' in each ? answeredRecord(each.record, each.answers) : labelledRecord(each.record, each.ranked, each.all);
      }
      out += some.length;
    }
    if (out < scores.length) return options.onCutShort?.(out, chunk.length);
    if (failure) throw failure;
    if (isCutShort) options.onCutShort?.(scores.length, chunk.length);
    else if (ends !== undefined) await options.onBlock?.(ends);
  }
}
