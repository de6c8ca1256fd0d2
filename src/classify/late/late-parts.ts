/**
 * What each word adds to a logit where texts and labels are two vectors and a text's is the mean of its tokens: the logit is a sum over tokens
 * (src/model/token-parts.ts). The texts are read once more; what the encoder makes of each token meets the vectors of the few labels asked for.
 */
import { SCORING_OPTIONS } from '../../options/predict.ts';
import { lengthBatches } from '../../runtime/length-batches.ts';
import type { GraphSession } from '../../runtime/onnx-session.ts';
import type { JointLayout } from '../../text/joint-sequence.ts';
import type { ReadLabel } from '../../text/label-texts.ts';
import { textBatch } from '../../text/separate-sequences.ts';
import { type TextWindow, textWindows } from '../../text/text-windows.ts';
import type { PlacedTokens } from '../../text/tokenizer/encoded-rows.ts';
import type { Tokenizer } from '../../text/tokenizer/tokenizer.ts';
import { wordsOfTokens } from '../../text/words.ts';
import type { PartsOptions, PartsRequest, WordParts } from '../explain/word-parts.ts';
import { textFeeds } from '../sequence-feeds.ts';
import type { CompiledLabels } from './compiled-labels.ts';

/** What takes logits apart. */
export interface LatePartsRequest {
  tokenizer: Tokenizer;
  layout: JointLayout;
  compile(labels: readonly ReadLabel[]): Promise<CompiledLabels>;
  /** The graph of texts, which gives `hidden`. */
  texts: GraphSession;
  /** The graph of parts. */
  parts: GraphSession;
}

/** A window of a text. */
interface Part extends TextWindow {
  request: number;
  ids: Int32Array;
  /** Windows that the text has. */
  windows: number;
}

/** Vectors of the labels that are asked for, by set and number; of a set that is read from its file one pass. */
function vectorsOf(sets: readonly CompiledLabels[], requests: readonly PartsRequest[]): Map<CompiledLabels, Map<number, Float32Array>> {
  const wanted = new Map<CompiledLabels, Set<number>>();
  for (const [at, { chosen }] of requests.entries()) wanted.set(sets[at], new Set([...(wanted.get(sets[at]) ?? []), ...chosen]));
  return new Map(
    [...wanted].map(([set, numbers]) => {
      const found = new Map<number, Float32Array>();
      for (const { first, count, values } of set.blocks())
        for (const number of numbers)
          if (number >= first && number < first + count)
            found.set(
              number,
              Float32Array.from({ length: set.width }, (_, row) => values[row * count + number - first]),
            );
      return [set, found] as const;
    }),
  );
}

/** Takes the logits of labels apart by words. @throws as Classifier.logits */
export async function lateWordParts(
  { tokenizer, layout, compile, texts, parts: graph }: LatePartsRequest,
  requests: readonly PartsRequest[],
  { batchSize = SCORING_OPTIONS.batchSize.default, windows = SCORING_OPTIONS.windows.default, mergeWindows = 'mean' }: PartsOptions = {},
): Promise<WordParts[]> {
  const sets: CompiledLabels[] = [];
  for (const { labels } of requests) sets.push(await compile(labels));
  const vectors = vectorsOf(sets, requests);
  const placed = await tokenizer.placeBatch(
    requests.map(({ text }) => text),
    { atLeast: windows * layout.capacity + 1 },
  );
  /** Of each request and label what each token adds, and the sum of the best window so far. */
  const found = requests.map(({ chosen }, at) => chosen.map(() => ({ parts: new Float64Array(placed[at].ids.length), best: -Infinity })));
  const work: Part[] = [];
  const read: PlacedTokens[] = [];
  for (const [request, { ids, starts, ends }] of placed.entries()) {
    const own = textWindows(ids.length, layout.capacity, windows);
    const { end } = own[own.length - 1];
    read.push({ ids: ids.subarray(0, end), starts: starts.subarray(0, end), ends: ends.subarray(0, end) });
    if (requests[request].chosen.length > 0 && ids.length > 0)
      work.push(...own.map((window) => ({ ...window, request, ids: ids.subarray(window.start, window.end), windows: own.length })));
  }
  work.sort((a, b) => b.ids.length - a.ids.length || a.request - b.request);
  for (const batch of lengthBatches(work, ({ ids }) => ids.length + 2, { tokens: texts.batchTokens, rows: batchSize })) {
    const tokens = textBatch(
      layout,
      batch.map(({ ids }) => ids),
    );
    const { hidden } = await texts.run(textFeeds(tokens), ['hidden']);
    const { width } = sets[batch[0].request];
    const count = Math.max(...batch.map(({ request }) => requests[request].chosen.length));
    const labels = new Float32Array(batch.length * count * width); // [B, K, P]
    for (const [row, { request }] of batch.entries())
      for (const [k, number] of requests[request].chosen.entries())
        labels.set(vectors.get(sets[request])!.get(number)!, (row * count + k) * width);
    const shape = [batch.length, tokens.length];
    const { parts } = await graph.run(
      {
        hidden: { data: hidden, shape: [...shape, hidden.length / tokens.inputIds.length] },
        text_mask: { data: tokens.textMask, shape },
        labels: { data: labels, shape: [batch.length, count, width] },
      },
      ['parts'],
    ); // [B, T, K]
    for (const [row, { request, ids, start, windows: ofText }] of batch.entries())
      for (const [k, label] of found[request].entries()) {
        // Behind [CLS].
        const partOf = (token: number) => parts[(row * tokens.length + token + 1) * count + k];
        if (mergeWindows === 'mean') for (let token = 0; token < ids.length; token++) label.parts[start + token] += partOf(token) / ofText;
        else {
          let sum = 0;
          for (let token = 0; token < ids.length; token++) sum += partOf(token);
          if (sum <= label.best) continue;
          label.best = sum;
          label.parts.fill(0);
          for (let token = 0; token < ids.length; token++) label.parts[start + token] = partOf(token);
        }
      }
  }
  return requests.map(({ text }, at) => {
    const { words, wordOf } = wordsOfTokens(text, read[at]);
    return {
      words,
      parts: found[at].map(({ parts }) => {
        const sums = new Float64Array(words.length);
        for (const [token, word] of wordOf.entries()) sums[word] += parts[token];
        return sums;
      }),
    };
  });
}
