/**
 * A classifier whose labels are read once: label sets are compiled and kept, a text costs its own pass and one product with its labels (or the
 * upper layers, where there are any). The second implementation of {@link Classifier}; classifier.ts reads text and labels together.
 */
import type { GliZNetOptions } from '../../model/options.ts';
import { SCORING_OPTIONS } from '../../options/predict.ts';
import { lengthBatches } from '../../runtime/length-batches.ts';
import type { GraphSession } from '../../runtime/onnx-session.ts';
import { type BatchRunner, createSessionPool, runBatches, type SessionPool } from '../../runtime/session-pool.ts';
import type { JointLayout } from '../../text/joint-sequence.ts';
import { textBatch } from '../../text/separate-sequences.ts';
import { textWindows } from '../../text/text-windows.ts';
import type { Tokenizer } from '../../text/tokenizer/tokenizer.ts';
import { type Classifier, layoutOf, type ScoreRequest } from '../classifier.ts';
import { withSafeDisposal } from '../disposal.ts';
import { createResults, type ScoredWindow } from '../merged-results.ts';
import { labelFeeds, labelFeedsAsTexts, textFeeds } from '../sequence-feeds.ts';
import { type CompiledLabels, createLabelCompiler, type LabelCompilerRequest } from './compiled-labels.ts';
import { lateWordParts } from './late-parts.ts';
import { createLateScorer } from './late-scores.ts';

/** Where the three functions of src/classify/late/late-graphs.ts run. */
export interface LateSessions {
  texts: GraphSession;
  /** Sessions like that of texts side by side, for many texts. */
  textPool?: SessionPool;
  /** Absent where the graph of texts reads labels too. */
  labels?: GraphSession;
  scores: GraphSession;
  /** Where labels read tokens: what scores them then. In one thread, for the same reason as {@link fewScores}. */
  readings?: GraphSession;
  /**
   * The graph of scores in one thread, for products with few labels: how ONNX Runtime adds them up depends on how many columns a thread has, and the last
   * digit of a score would depend on the threads.
   */
  fewScores?: GraphSession;
  /** Opens the graph of parts, where there is one: it is needed when the first logit is taken apart. */
  parts?: () => Promise<GraphSession>;
}

/** Scores that one run makes at most: 32 MB. Of a million labels eight texts share a pass over them. */
const SCORES_AT_ONCE = 1 << 23;

/** A part of a text that one pass reads. */
interface Part extends ScoredWindow {
  ids: Int32Array;
}

/** Settings of {@link createLateClassifier}. */
export interface LateSettings extends Pick<LabelCompilerRequest, 'identity' | 'memory' | 'largeFrom' | 'blockLabels' | 'onProgress'> {
  /** What is named where scores are no numbers: the checkpoint. */
  source?: string;
  /** Of the graph of texts; fp32 unless given. */
  precision?: 'fp32' | 'int8';
}

/** The texts of requests in parts of at most a window, and of each request whether the model reads nothing of its text. */
async function partsOf(
  tokenizer: Tokenizer,
  { capacity }: JointLayout,
  requests: readonly ScoreRequest[],
  windows: number,
): Promise<{ parts: Part[]; unreadable: boolean[] }> {
  const texts = requests.map(({ text }) => text);
  const textIds = await tokenizer.encodeBatch(texts, { atLeast: windows * capacity + 1 });
  const parts = textIds.flatMap((ids, request) => {
    const held = textWindows(ids.length, capacity, windows);
    const cutTokens = ids.length - held[held.length - 1].end;
    return held.map(({ start, end }): Part => ({ request, ids: ids.subarray(start, end), windows: held.length, cutTokens }));
  });
  return { parts, unreadable: textIds.map((ids, at) => texts[at].trim() === '' || !tokenizer.isReadable(ids)) };
}

const longestFirst = (parts: readonly Part[]): Part[] => [...parts].sort((a, b) => b.ids.length - a.ids.length || a.request - b.request);

/** Rows of a batch by the label set that they are scored with. */
function rowsBySet(batch: readonly Part[], sets: readonly CompiledLabels[]): Map<CompiledLabels, number[]> {
  const rows = new Map<CompiledLabels, number[]>();
  for (const [row, { request }] of batch.entries()) rows.set(sets[request], [...(rows.get(sets[request]) ?? []), row]);
  return rows;
}

/** Opens a graph when it is first needed, and again where that failed: a full disk, a file that was being written. */
function openedOnce(open: () => Promise<GraphSession>) {
  let opened: Promise<GraphSession> | undefined;
  return {
    get: (): Promise<GraphSession> => {
      opened ??= open();
      opened.catch(() => {
        opened = undefined;
      });
      return opened;
    },
    async dispose(): Promise<void> {
      const graph = await opened?.catch(() => undefined);
      await graph?.dispose();
    },
  };
}

/** Makes a classifier of a tokenizer and sessions, which it owns. @throws UsageError where the options do not suit the tokenizer */
export async function createLateClassifier(
  tokenizer: Tokenizer,
  options: GliZNetOptions,
  sessions: LateSessions,
  { precision = 'fp32', source = 'the model', ...settings }: LateSettings = {},
): Promise<Classifier> {
  const layout = await layoutOf(tokenizer, options);
  const isVectors = options.upperLayers === 0;
  const { texts } = sessions;
  const textPool = sessions.textPool ?? createSessionPool(texts);
  const labelReader = sessions.labels ?? texts;
  const labelPool = sessions.labels ? createSessionPool(sessions.labels) : textPool;
  const { compile, problem } = createLabelCompiler({
    ...{ tokenizer, layout, batchTokens: labelReader.batchTokens, asColumns: isVectors, pool: labelPool },
    isUnit: isVectors && options.similarity === 'cosine',
    async read(batch, runner) {
      const { labels } = await runner.run(sessions.labels ? labelFeeds(batch) : labelFeedsAsTexts(batch), ['labels']);
      return labels as Float32Array;
    },
    ...settings,
  });
  const scorer = createLateScorer(options, sessions);
  const partsGraph = sessions.parts && openedOnce(sessions.parts);

  return withSafeDisposal({
    options,
    layout,
    precision,
    labelProblem: problem,
    ...(partsGraph
      ? {
          wordParts: async (requests, how) =>
            lateWordParts({ tokenizer, layout, compile, texts, parts: await partsGraph.get() }, requests, how),
        }
      : {}),
    async logits(
      requests,
      {
        batchSize = SCORING_OPTIONS.batchSize.default,
        batchTokens = texts.batchTokens,
        windows = SCORING_OPTIONS.windows.default,
        mergeWindows = 'mean',
        onProgress,
        signal,
      } = {},
    ) {
      const sets: CompiledLabels[] = [];
      for (const { labels } of requests) sets.push(await compile(labels));
      const { parts, unreadable } = await partsOf(tokenizer, layout, requests, windows);
      const results = createResults(requests, parts, mergeWindows, source);
      const mostLabels = sets.reduce((most, { count }) => Math.max(most, count), 1);
      const limits = { tokens: batchTokens, rows: Math.max(1, Math.min(batchSize, Math.floor(SCORES_AT_ONCE / mostLabels))) };
      const outputs = scorer.outputs(sets);
      let scored = 0;
      if (signal?.aborted) return results.finish(unreadable);
      const runner = textPool.runnerFor(parts.reduce((sum, { ids }) => sum + ids.length + 2, 0));
      const batches = lengthBatches(longestFirst(parts), ({ ids }) => ids.length + 2, limits);
      const readTexts = async (batch: readonly Part[], { run }: BatchRunner) => {
        const feeds = textFeeds(
          textBatch(
            layout,
            batch.map(({ ids }) => ids),
          ),
        );
        return { values: await run(feeds, outputs), attentionMask: feeds.attention_mask, textMask: feeds.text_mask };
      };
      for await (const { batch, result: read } of runBatches(runner, batches, readTexts)) {
        for (const [labels, rows] of rowsBySet(batch, sets)) {
          for await (const { first, count, logits } of scorer.score(read, rows, labels))
            for (const [at, row] of rows.entries()) results.addBlock(batch[row], logits.subarray(at * count, (at + 1) * count), first);
        }
        scored += batch.length;
        onProgress?.(Math.floor((scored / parts.length) * requests.length));
        if (signal?.aborted) break;
      }
      return results.finish(unreadable);
    },
    async dispose() {
      const { labels, scores, readings, fewScores } = sessions;
      await textPool.dispose();
      await Promise.all([texts, labels, scores, readings, fewScores, partsGraph].map((each) => each?.dispose()));
    },
  });
}
