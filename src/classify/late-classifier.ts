/**
 * A classifier whose labels are read once: label sets are compiled and kept, a text costs its own pass and one product with its labels (or the
 * upper layers, where there are any). The second implementation of {@link Classifier}; classifier.ts reads text and labels together.
 */
import type { GliZNetOptions } from '../model/options.ts';
import { lengthBatches } from '../runtime/length-batches.ts';
import type { Feed, FeedData, GraphSession } from '../runtime/onnx-session.ts';
import { createLabelEncoder } from '../text/labels.ts';
import { labelBatch, textBatch } from '../text/separate-sequences.ts';
import { textWindows } from '../text/text-windows.ts';
import type { Tokenizer } from '../text/tokenizer/tokenizer.ts';
import { type Classifier, DEFAULT_BATCH_SIZE, DEFAULT_WINDOWS, layoutOf, type ScoredRequest, type ScoreRequest } from './classifier.ts';
import { stateName } from './late-graphs.ts';
import { labelFeeds, shownFeeds, textFeeds } from './sequence-feeds.ts';

/** Where the three functions of src/classify/late-graphs.ts run. */
export interface LateSessions {
  texts: GraphSession;
  labels: GraphSession;
  scores: GraphSession;
}

/** Labels that are read, one vector or state each, row-major [N, W]. */
interface CompiledLabels {
  vectors: Float32Array;
  count: number;
  width: number;
}

/** Labels in one batch at most. */
const BATCH_LABELS = 256;

/** Labels that the upper layers read at once, where they do not read each other. */
const SHOWN_AT_ONCE = 128;

/** A part of a text that one pass reads. */
interface Part {
  request: number;
  ids: Int32Array;
  /** Windows that the text has, and its tokens that none of them holds. */
  windows: number;
  cutTokens: number;
}

/** Makes a classifier of a tokenizer and sessions, which it owns. @throws UsageError where the options do not suit the tokenizer */
export async function createLateClassifier(
  tokenizer: Tokenizer,
  options: GliZNetOptions,
  sessions: LateSessions,
  precision: 'fp32' | 'int8' = 'fp32',
): Promise<Classifier> {
  const layout = await layoutOf(tokenizer, options);
  const encoder = createLabelEncoder(tokenizer, layout.labelLimit);
  // By array: a caller's label list is the same object for all of a call's texts, and often for all its calls.
  const compiled = new WeakMap<readonly string[], Promise<CompiledLabels>>();
  // By the ids, which the label encoder keeps: records with label lists of their own share many labels.
  const vectorOf = new WeakMap<Int32Array, Float32Array>();

  async function compile(labels: readonly string[]): Promise<CompiledLabels> {
    const ids = await encoder.encode(labels);
    const missing = [...new Set(ids)].filter((each) => !vectorOf.has(each)).sort((a, b) => b.length - a.length);
    for (const rows of lengthBatches(missing, ({ length }) => length + 1, { tokens: sessions.labels.batchTokens, rows: BATCH_LABELS })) {
      const { labels: vectors } = await sessions.labels.run(labelFeeds(labelBatch(layout, rows)), ['labels']);
      const width = vectors.length / rows.length;
      for (const [at, row] of rows.entries()) vectorOf.set(row, (vectors as Float32Array).slice(at * width, (at + 1) * width));
    }
    const width = vectorOf.get(ids[0])!.length;
    const vectors = new Float32Array(labels.length * width); // [N, W]
    for (const [at, each] of ids.entries()) vectors.set(vectorOf.get(each)!, at * width);
    return { vectors, count: labels.length, width };
  }

  const compiledLabels = (labels: readonly string[]): Promise<CompiledLabels> => {
    let ready = compiled.get(labels);
    if (!ready) {
      ready = compile(labels);
      ready.catch(() => compiled.delete(labels));
      compiled.set(labels, ready);
    }
    return ready;
  };

  /** The texts of requests in parts of at most a window. */
  async function partsOf(requests: readonly ScoreRequest[], windows: number): Promise<Part[]> {
    const texts = requests.map(({ text }) => text);
    const textIds = await tokenizer.encodeBatch(texts, { atLeast: windows * layout.window + 1 });
    return textIds.flatMap((ids, request) => {
      const parts = textWindows(ids.length, layout.window, windows);
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
    const vectors: Feed = { data: labels.vectors, shape: [labels.count, labels.width] };
    if (layers.length === 0) {
      const { logits } = await sessions.scores.run({ text: pick('text'), labels: vectors }, ['logits']);
      return logits as Float32Array;
    }
    const attended = new Int32Array(rows.length * length);
    for (const [at, row] of rows.entries()) attended.set(mask.data.subarray(row * length, (row + 1) * length), at * length);
    const texts = Object.fromEntries(['text', ...layers].map((name) => [name, pick(name)]));
    const feeds = { ...texts, attention_mask: { data: attended, shape: [rows.length, length] }, labels: vectors };
    const result = new Float32Array(rows.length * labels.count); // [B, N]
    const step = options.setAttention ? labels.count : SHOWN_AT_ONCE;
    for (let first = 0; first < labels.count; first += step) {
      const count = Math.min(step, labels.count - first);
      const numbers = Int32Array.from({ length: rows.length * count }, (_, i) => first + (i % count)); // [B, N]
      const shown = { labels: count, numbers, mask: new Int32Array(numbers.length).fill(1) };
      const { logits } = await sessions.scores.run({ ...feeds, ...shownFeeds(shown, rows.length) }, ['logits']);
      for (let row = 0; row < rows.length; row++)
        result.set((logits as Float32Array).subarray(row * count, (row + 1) * count), row * labels.count + first);
    }
    return result;
  }

  return {
    options,
    layout,
    precision,
    async logits(
      requests,
      {
        batchSize = DEFAULT_BATCH_SIZE,
        batchTokens = sessions.texts.batchTokens,
        windows = DEFAULT_WINDOWS,
        mergeWindows = 'mean',
        onProgress,
        signal,
      } = {},
    ) {
      const results = requests.map(
        ({ labels }): ScoredRequest => ({ logits: new Float32Array(labels.length).fill(Number.NEGATIVE_INFINITY), cutTokens: 0 }),
      );
      const sets = await Promise.all(requests.map(({ labels }) => compiledLabels(labels)));
      const parts = await partsOf(requests, windows);
      const left = new Uint32Array(requests.length);
      for (const { request } of parts) left[request]++;
      const order = [...parts].sort((a, b) => b.ids.length - a.ids.length || a.request - b.request);
      let scored = 0;
      for (const batch of lengthBatches(order, ({ ids }) => ids.length + 2, { tokens: batchTokens, rows: batchSize })) {
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
      for (const [request, count] of left.entries()) if (count > 0) results[request].unfinished = true;
      return results;
    },
    async dispose() {
      await Promise.all([sessions.texts.dispose(), sessions.labels.dispose(), sessions.scores.dispose()]);
    },
  };
}
