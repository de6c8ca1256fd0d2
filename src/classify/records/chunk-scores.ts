/** Scores of a chunk of records, together as long as each can be read, else one by one. Knows nothing of ranks. */

import { DataError } from '../../base/errors.ts';
import type { Classifier, ClassifierOptions, ScoredRequest } from '../classifier.ts';
import { scoringOfSets } from '../levels.ts';
import type { AnsweredText, Asker } from '../questions/decide.ts';
import { NoScoresError } from '../scorer.ts';
import { located, type PreparedRecord } from './prepared-record.ts';
import type { ChunkOptions } from './record-chunks.ts';

/** A record with the logits of its labels, or with the answers to the questions. */
export type ScoredRecord = PreparedRecord & (ScoredRequest | AnsweredText);

/** Scores of the chunk's records, in order, without those that were not scored. */
export interface ChunkScores {
  scores: ScoredRecord[];
  /** Why the record behind them cannot be read. */
  failure?: DataError;
  /** Whether the signal ended the scoring before all were scored. */
  isCutShort?: boolean;
}

/** What one record cannot be read for, which says nothing of others. */
const isOfRecord = (error: unknown): error is DataError => error instanceof DataError && !(error instanceof NoScoresError);

/** Makes the function that scores chunks; `onProgress` is told how many of the chunk's records are scored. It throws NoScoresError. */
export function createChunkScorer(
  classifier: Classifier,
  scoring: ClassifierOptions,
  { asker, onBadRecord, signal: stop }: ChunkOptions & { asker?: Asker },
) {
  const score = (chunk: readonly PreparedRecord[], how: ClassifierOptions): Promise<(ScoredRequest | AnsweredText)[]> =>
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

  async function scoreEach(
    chunk: readonly PreparedRecord[],
    signal: AbortSignal | undefined,
    onProgress: (done: number) => void,
  ): Promise<ChunkScores> {
    const scores: ScoredRecord[] = [];
    for (const each of chunk) {
      try {
        const [result] = await score([each], { ...scoring, signal });
        if (result.unfinished) return { scores, isCutShort: true };
        scores.push({ ...each, ...result });
        onProgress(scores.length);
      } catch (error) {
        if (!isOfRecord(error)) throw error;
        const failure = located(each.where, error);
        if (!onBadRecord) return { scores, failure };
        onBadRecord(failure);
      }
    }
    return { scores };
  }

  return async (chunk: readonly PreparedRecord[], onProgress: (done: number) => void): Promise<ChunkScores> => {
    const signal = stop?.aborted ? undefined : stop;
    if (chunk.length === 0) return { scores: [] };
    try {
      const results = await score(chunk, { ...scoring, signal, onProgress });
      const scores = results.map((result, at) => ({ ...chunk[at], ...result })).filter(({ unfinished }) => !unfinished);
      return { scores, isCutShort: scores.length < chunk.length };
    } catch (error) {
      if (!isOfRecord(error)) throw error;
    }
    // One record cannot be tokenized: the others of the chunk still count.
    return scoreEach(chunk, signal, onProgress);
  };
}
