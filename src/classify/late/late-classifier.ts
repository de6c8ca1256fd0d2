/**
 * A classifier whose labels are read once: label sets are compiled and kept, a text costs its own pass and one product with its labels (or the
 * upper layers, where there are any). The second implementation of {@link Classifier}; classifier.ts reads text and labels together.
 */
import type { GliZNetOptions } from '../../model/options.ts';
import { SCORING_OPTIONS } from '../../options/predict.ts';
import { lengthBatches } from '../../runtime/length-batches.ts';
import type { Feed, FeedData, GraphSession } from '../../runtime/onnx-session.ts';
import { textBatch } from '../../text/separate-sequences.ts';
import { textWindows } from '../../text/text-windows.ts';
import type { Tokenizer } from '../../text/tokenizer/tokenizer.ts';
import { type Classifier, layoutOf, type ScoredRequest, type ScoreRequest } from '../classifier.ts';
import { withSafeDisposal } from '../disposal.ts';
import { BrokenModelError } from '../scorer.ts';
import { labelFeeds, labelFeedsAsTexts, shownFeeds, stateName, textFeeds } from '../sequence-feeds.ts';
import { type CompiledLabels, createLabelCompiler, type LabelCompilerRequest } from './compiled-labels.ts';
import { lateWordParts } from './late-parts.ts';

/** Where the three functions of src/classify/late/late-graphs.ts run. */
export interface LateSessions {
  texts: GraphSession;
  /** Absent where the graph of texts reads labels too. */
  labels?: GraphSession;
  scores: GraphSession;
  /**
   * The same in one thread, for products with few labels: how ONNX Runtime adds them up depends on how many columns a thread has, and the last
   * digit of a score would depend on the threads.
   */
  fewScores?: GraphSession;
  /** Opens the graph of parts, where there is one: it is needed when the first logit is taken apart. */
  parts?: () => Promise<GraphSession>;
}

/** Fewer labels are scored in one thread, where there is a session for that: it takes some milliseconds a batch. */
const FEW_SCORED = 4096;

/** Labels that the upper layers read at once, where they do not read each other. */
const SHOWN_AT_ONCE = 128;

/** Scores that one run makes at most: 32 MB. Of a million labels eight texts share a pass over them. */
const SCORES_AT_ONCE = 1 << 23;

/** A part of a text that one pass reads. */
interface Part {
  request: number;
  ids: Int32Array;
  /** Windows that the text has, and its tokens that none of them holds. */
  windows: number;
  cutTokens: number;
}

/** Settings of {@link createLateClassifier}. */
export interface LateSettings extends Pick<LabelCompilerRequest, 'identity' | 'memory' | 'largeFrom' | 'blockLabels' | 'onProgress'> {
  /** What is named where scores are no numbers: the checkpoint. */
  source?: string;
  /** Of the graph of texts; fp32 unless given. */
  precision?: 'fp32' | 'int8';
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
  const reader = sessions.labels ?? sessions.texts;
  const { compile, problem } = createLabelCompiler({
    ...{ tokenizer, layout, batchTokens: reader.batchTokens, asColumns: isVectors },
    isUnit: isVectors && options.similarity === 'cosine',
    async read(batch) {
      const { labels } = await reader.run(sessions.labels ? labelFeeds(batch) : labelFeedsAsTexts(batch), ['labels']);
      return labels as Float32Array;
    },
    ...settings,
  });
  /** The texts of requests in parts of at most a window; adds the requests of whose text nothing can be read. */
  async function partsOf(requests: readonly ScoreRequest[], windows: number, unreadable: Set<number>): Promise<Part[]> {
    const texts = requests.map(({ text }) => text);
    const textIds = await tokenizer.encodeBatch(texts, { atLeast: windows * layout.capacity + 1 });
    for (const [request, ids] of textIds.entries()) if (texts[request].trim() === '' || !tokenizer.isReadable(ids)) unreadable.add(request);
    return textIds.flatMap((ids, request) => {
      const parts = textWindows(ids.length, layout.capacity, windows);
      const cutTokens = ids.length - parts[parts.length - 1].end;
      return parts.map(({ start, end }) => ({ request, ids: ids.subarray(start, end), windows: parts.length, cutTokens }));
    });
  }

  const layers = Array.from({ length: options.upperLayers }, (_, layer) => stateName(layer));

  /** Logits [B, N] of texts that were read, against labels of one set. rows: which of the batch */
  async function score(read: Record<string, FeedData>, mask: Feed, rows: readonly number[], labels: CompiledLabels): Promise<Float32Array> {
    const [batch, length] = mask.shape;
    const pick = (name: string): Feed => {
      const size = read[name].length / batch;
      const shape = name === 'text' ? [rows.length, size] : [rows.length, length, size / length];
      if (rows.length === batch) return { data: read[name], shape };
      const data = new Float32Array(rows.length * size);
      for (const [at, row] of rows.entries()) data.set(read[name].subarray(row * size, (row + 1) * size), at * size);
      return { data, shape };
    };
    const texts = Object.fromEntries(['text', ...layers].map((name) => [name, pick(name)]));
    const attended = new Int32Array(rows.length * length);
    for (const [at, row] of rows.entries()) attended.set(mask.data.subarray(row * length, (row + 1) * length), at * length);
    const result = new Float32Array(rows.length * labels.count); // [B, N]
    const keep = (logits: FeedData, first: number, count: number): void => {
      for (let row = 0; row < rows.length; row++)
        result.set((logits as Float32Array).subarray(row * count, (row + 1) * count), row * labels.count + first);
    };
    for (const { first, count, values } of labels.blocks()) {
      if (isVectors) {
        const block = { data: values, shape: [labels.width, count] };
        const scores = count < FEW_SCORED ? (sessions.fewScores ?? sessions.scores) : sessions.scores;
        keep((await scores.run({ ...texts, labels: block }, ['logits'])).logits, first, count);
        continue;
      }
      const feeds = { ...texts, attention_mask: { data: attended, shape: [rows.length, length] } };
      const step = options.setAttention ? count : SHOWN_AT_ONCE;
      for (let at = 0; at < count; at += step) {
        const part = Math.min(step, count - at);
        const states = { data: values.subarray(at * labels.width, (at + part) * labels.width), shape: [part, labels.width] };
        const numbers = Int32Array.from({ length: rows.length * part }, (_, i) => i % part); // [B, N]
        const shown = { labels: part, numbers, mask: new Int32Array(numbers.length).fill(1) };
        const run = { ...feeds, labels: states, ...shownFeeds(shown, rows.length) };
        keep((await sessions.scores.run(run, ['logits'])).logits, first + at, part);
      }
    }
    return result;
  }

  let graphOfParts: Promise<GraphSession> | undefined;
  const openParts = (open: () => Promise<GraphSession>): Promise<GraphSession> => {
    graphOfParts ??= open();
    // A full disk, a file that was being written: the next call tries again.
    graphOfParts.catch(() => {
      graphOfParts = undefined;
    });
    return graphOfParts;
  };

  return withSafeDisposal({
    options,
    layout,
    precision,
    labelProblem: problem,
    ...(sessions.parts
      ? {
          wordParts: async (requests, how) =>
            lateWordParts({ tokenizer, layout, compile, texts: sessions.texts, parts: await openParts(sessions.parts!) }, requests, how),
        }
      : {}),
    async logits(
      requests,
      {
        batchSize = SCORING_OPTIONS.batchSize.default,
        batchTokens = sessions.texts.batchTokens,
        windows = SCORING_OPTIONS.windows.default,
        mergeWindows = 'mean',
        onProgress,
        signal,
      } = {},
    ) {
      const results = requests.map(
        ({ labels }): ScoredRequest => ({ logits: new Float32Array(labels.length).fill(Number.NEGATIVE_INFINITY), cutTokens: 0 }),
      );
      const sets: CompiledLabels[] = [];
      for (const { labels } of requests) sets.push(await compile(labels));
      const unreadable = new Set<number>();
      const parts = await partsOf(requests, windows, unreadable);
      const left = new Uint32Array(requests.length);
      for (const { request } of parts) left[request]++;
      const order = [...parts].sort((a, b) => b.ids.length - a.ids.length || a.request - b.request);
      let scored = 0;
      const mostLabels = sets.reduce((most, { count }) => Math.max(most, count), 1);
      const rowsAtOnce = Math.max(1, Math.min(batchSize, Math.floor(SCORES_AT_ONCE / mostLabels)));
      for (const batch of lengthBatches(order, ({ ids }) => ids.length + 2, { tokens: batchTokens, rows: rowsAtOnce })) {
        if (signal?.aborted) break;
        const feeds = textFeeds(
          textBatch(
            layout,
            batch.map(({ ids }) => ids),
          ),
        );
        const read = await sessions.texts.run(feeds, ['text', ...layers]);
        const bySet = new Map<CompiledLabels, number[]>();
        for (const [row, { request }] of batch.entries()) bySet.set(sets[request], [...(bySet.get(sets[request]) ?? []), row]);
        for (const [labels, rows] of bySet) {
          const logits = await score(read, feeds.attention_mask, rows, labels); // [B, N]
          for (const [at, row] of rows.entries()) {
            const { request, windows: count, cutTokens } = batch[row];
            const result = results[request];
            left[request]--;
            result.cutTokens = Math.max(result.cutTokens, cutTokens);
            const own = logits.subarray(at * labels.count, (at + 1) * labels.count);
            if (!own.every(Number.isFinite))
              throw new BrokenModelError(`${source}: the model gives scores that are no numbers; its weights are damaged or hold NaN`);
            if (count === 1) result.logits.set(own);
            else
              for (let label = 0; label < labels.count; label++) {
                const before = result.logits[label];
                if (mergeWindows === 'max') result.logits[label] = Math.max(before, own[label]);
                else result.logits[label] = (Number.isFinite(before) ? before : 0) + own[label] / count;
              }
          }
        }
        scored += batch.length;
        onProgress?.(Math.floor((scored / parts.length) * requests.length));
      }
      for (const request of unreadable) results[request].unreadable = true;
      for (const [request, count] of left.entries()) if (count > 0) results[request].unfinished = true;
      return results;
    },
    async dispose() {
      const parts = await graphOfParts?.catch(() => undefined);
      await Promise.all([
        sessions.texts.dispose(),
        sessions.labels?.dispose(),
        sessions.scores.dispose(),
        sessions.fewScores?.dispose(),
        parts?.dispose(),
      ]);
    },
  });
}
