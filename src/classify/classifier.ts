/**
 * GliZNet as a function of texts and labels: tokenizes, packs labels into groups and long texts into windows, batches joint sequences of
 * like length, and merges the logits. Works over any Scorer; knows nothing of files, records or devices.
 */
import { type GliZNetOptions, hasBlocks } from '../model/options.ts';
import { SCORING_OPTIONS, type ScoringOptions } from '../options/predict.ts';
import { lengthBatches } from '../runtime/length-batches.ts';
import {
  buildJointSequence,
  type JointLayout,
  type JointSequence,
  labelTokens,
  padBatch,
  prepareLayout,
  textRoom,
} from '../text/joint-sequence.ts';
import { fitTogether, groupLabels } from '../text/label-groups.ts';
import { labelName, labelReading, type ReadLabel } from '../text/label-texts.ts';
import { createLabelEncoder, type LabelEncoder, labelProblem } from '../text/labels.ts';
import { textWindows } from '../text/text-windows.ts';
import type { Tokenizer } from '../text/tokenizer/tokenizer.ts';
import { withSafeDisposal } from './disposal.ts';
import type { PartsOptions, PartsRequest, WordParts } from './explain/word-parts.ts';
import { BrokenModelError, type Scorer } from './scorer.ts';
import type { SentenceEmbedder } from './session-embedder.ts';
import { type Shortlist, shortlistOf, shortlistSize } from './shortlist.ts';

/** One text and its candidate labels. Requests that share one label array share its preparation. */
export interface ScoreRequest {
  text: string;
  labels: readonly ReadLabel[];
}

/** What {@link Classifier.logits} gives for one request. */
export interface ScoredRequest {
  /** One logit a label, in the order of the request's labels; -Infinity for labels that are not on the text's shortlist. */
  logits: Float32Array;
  /** Text tokens that no window held; of a text that is very long, at least so many. */
  cutTokens: number;
  /** The model reads nothing of the text, which is empty or of characters that it does not know: the logits say nothing of it. */
  unreadable?: true;
  /** The signal ended the call before this request was read whole: its logits mean nothing. */
  unfinished?: boolean;
}

/** How requests are scored. */
export interface ClassifierOptions extends ScoringOptions {
  /** Tokens a batch at most, padding included, but for a sequence that alone is longer. As suits the scorer unless given. */
  batchTokens?: number;
  /** Most labels in one joint sequence; as the model's options say unless given. */
  maxLabelsPerGroup?: number;
  /** How a label's logits of several windows become one: their mean (default), or the best window. */
  mergeWindows?: 'mean' | 'max';
  /** Called after each batch with the number of requests that are done. */
  onProgress?: (done: number) => void;
  /** Ends the call after the batch that runs; requests that are not done by then are marked `unfinished`. */
  signal?: AbortSignal;
}

/** Scores texts against labels. */
export interface Classifier {
  readonly options: GliZNetOptions;
  readonly layout: JointLayout;
  /** Precision of the scorer. */
  readonly precision: 'fp32' | 'int8';
  /**
   * Logits of every request, in order. Calls may overlap. Labels with a {@link labelProblem} are scored as any others.
   * @throws DataError for a label without tokens or longer than the layout's limit; BrokenModelError where a logit is no number; UsageError once
   * it is disposed of
   */
  logits(requests: readonly ScoreRequest[], options?: ClassifierOptions): Promise<ScoredRequest[]>;
  /**
   * Which of these labels the model cannot read or tell apart, as a message; undefined where there are none.
   * @throws DataError for a label without tokens or longer than the window
   */
  labelProblem(labels: readonly ReadLabel[]): Promise<string | undefined>;
  /** What each word adds to logits, where they are sums over words: with what the model adds whatever a text says they are the logits. @throws as logits */
  wordParts?(requests: readonly PartsRequest[], options?: PartsOptions): Promise<WordParts[]>;
  /** Releases native memory, after the calls that run; later ones are refused. Safe to call twice. */
  dispose(): Promise<void>;
}

/** Lays out sequences as GliZNet's options say. @throws UsageError where the tokenizer lacks the marker or positions. */
export const layoutOf = (tokenizer: Tokenizer, options: GliZNetOptions): Promise<JointLayout> =>
  prepareLayout(tokenizer, {
    labelStyle: options.labelStyle,
    token: options.labelStyle === 'marker' ? options.marker : options.separator,
    labelMaskOn: options.labelPooling === 'marker' ? 'marker' : 'label',
    blocks: hasBlocks(options),
    maxLength: Math.min(options.maxLength, tokenizer.modelMaxLength),
  });

/** How many labels a one-way model reckons with, which sees none beside the one that it scores: about as many as a training example shows. */
const LABELS_OF_AN_EXAMPLE = 25;

/** Texts that are embedded before a signal is looked at again. */
const EMBEDDED_AT_ONCE = 128;

/** A label set made ready: its ids, and its groups by the room that a text leaves. */
interface PreparedLabels {
  ids: Int32Array[];
  lengths: number[];
  groups: Map<number, number[][]>;
  /** What {@link labelProblem} says, once it was asked; empty for nothing. */
  problem?: string;
}

interface Work {
  request: number;
  sequence: JointSequence;
  /** Label numbers of the sequence's labels. */
  group: readonly number[];
  /** Windows that the text has beside these labels, and its tokens that none of them holds. */
  windows: number;
  cutTokens: number;
}

const lengthOf = ({ sequence }: Work): number => sequence.inputIds.length;

/** Sequences in the order of batches: by length, then by labels, of which a batch has as many as its largest. */
const longestFirst = (work: readonly Work[]): Work[] =>
  [...work].sort((a, b) => lengthOf(b) - lengthOf(a) || b.sequence.labels - a.sequence.labels || a.request - b.request);

/** Makes a classifier of a tokenizer and a scorer, which it owns; `makeEmbedder` is called when a shortlist is first needed. @throws UsageError where the options do not suit the tokenizer. */
export async function createClassifier(
  tokenizer: Tokenizer,
  options: GliZNetOptions,
  scorer: Scorer,
  precision: 'fp32' | 'int8' = 'fp32',
  makeEmbedder?: () => Promise<SentenceEmbedder>,
): Promise<Classifier> {
  const layout = await layoutOf(tokenizer, options);
  const isOneWay = options.crossAttention === 'one-way';
  const encoder: LabelEncoder = createLabelEncoder(tokenizer, layout.labelLimit);
  // By array: a caller's label list is the same object for all of a call's texts, and often for all its calls.
  const prepared = new WeakMap<readonly ReadLabel[], Promise<PreparedLabels>>();
  const prepare = async (labels: readonly ReadLabel[]): Promise<PreparedLabels> => {
    const ids = await encoder.encode(labels.map(labelReading));
    return { ids, lengths: ids.map((each) => each.length), groups: new Map() };
  };

  let embedder: Promise<SentenceEmbedder> | undefined;

  // By the ids, which the label encoder keeps: records with label lists of their own share many labels.
  const vectorOf = new WeakMap<Int32Array, Float32Array>();

  /**
   * For each of these requests the labels that are read, the nearest to the text first. Labels that compete for a text so
   * come into one sequence, where they can be compared best, and which labels share one does not depend on their order in the request.
   */
  async function shortlists(
    unsorted: readonly number[],
    requests: readonly ScoreRequest[],
    textIds: readonly Int32Array[],
    shortlist: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Map<number, Shortlist>> {
    if (!makeEmbedder || unsorted.length === 0) return new Map();
    embedder ??= makeEmbedder();
    // A full disk, a file that was being written: the next call tries again.
    embedder.catch(() => {
      embedder = undefined;
    });
    const { embedIds } = await embedder;
    const numbers = [...unsorted].sort((a, b) => textIds[b].length - textIds[a].length);
    const texts: Float32Array[] = [];
    while (texts.length < numbers.length) {
      if (signal?.aborted) return new Map();
      const next = numbers.slice(texts.length, texts.length + EMBEDDED_AT_ONCE);
      texts.push(...(await embedIds(next.map((request) => textIds[request]))));
    }
    const sets = await Promise.all(numbers.map((request) => readyLabels(requests[request].labels)));
    const labels = new Set([...new Set(sets)].flatMap(({ ids }) => ids));
    const missing = [...labels].filter((ids) => !vectorOf.has(ids));
    for (const [at, vector] of (await embedIds(missing)).entries()) vectorOf.set(missing[at], vector);
    return new Map(
      sets.map(({ ids }, at) => {
        const vectors = ids.map((label) => vectorOf.get(label)!);
        const size = Math.min(ids.length, shortlist === 0 ? ids.length : (shortlist ?? shortlistSize(ids.length)));
        // Labels that read each other know of those that are read.
        const expected = isOneWay ? LABELS_OF_AN_EXAMPLE : size;
        return [numbers[at], shortlistOf(texts[at], vectors, size, expected)];
      }),
    );
  }

  const readyLabels = (labels: readonly ReadLabel[]): Promise<PreparedLabels> => {
    let ready = prepared.get(labels);
    if (!ready) {
      ready = prepare(labels);
      ready.catch(() => prepared.delete(labels));
      prepared.set(labels, ready);
    }
    return ready;
  };

  async function sequencesOf(
    requests: readonly ScoreRequest[],
    maxLabelsPerGroup: number | undefined,
    shortlist: number | undefined,
    windows: number,
    signal: AbortSignal | undefined,
  ): Promise<{ work: Work[]; listed: Map<number, Shortlist>; unreadable: boolean[] }> {
    const textIds = await tokenizer.encodeBatch(
      requests.map(({ text }) => text),
      { atLeast: windows * layout.capacity + 1 },
    );
    const work: Work[] = [];
    const addGroup = (request: number, group: readonly number[], ids: readonly Int32Array[]): void => {
      const labelIds = group.map((label) => ids[label]);
      const text = textIds[request];
      const taken = labelTokens(
        labelIds.map(({ length }) => length),
        layout,
      );
      const parts = textWindows(text.length, textRoom(layout, taken), windows);
      const cutTokens = text.length - parts[parts.length - 1].end;
      for (const { start, end } of parts)
        work.push({
          request,
          group,
          windows: parts.length,
          cutTokens,
          sequence: buildJointSequence(layout, text.subarray(start, end), labelIds),
        });
    };
    const long: number[] = [];
    for (const [request, { labels }] of requests.entries()) {
      const { ids, lengths, groups } = await readyLabels(labels);
      // Labels that read each other are best read together, the nearest first; others need it only to be told that there are many.
      const isMany = isOneWay
        ? labels.length > LABELS_OF_AN_EXAMPLE
        : !fitTogether(lengths, textIds[request].length, layout, { maxLabelsPerGroup });
      if (makeEmbedder && (isMany || (shortlist && labels.length > shortlist))) {
        long.push(request);
        continue;
      }
      // Groups depend on the text's length class only; one key for each class keeps them by class.
      const key = Math.min(layout.textShare, textIds[request].length) * 4096 + Math.min(4095, maxLabelsPerGroup ?? 4095);
      let split = groups.get(key);
      if (!split) {
        split = groupLabels(lengths, textIds[request].length, layout, { maxLabelsPerGroup });
        groups.set(key, split);
      }
      for (const group of split) addGroup(request, group, ids);
    }
    const listed = await shortlists(long, requests, textIds, shortlist, signal);
    for (const [request, { labels: list }] of listed) {
      const { ids, lengths } = await readyLabels(requests[request].labels);
      const own = list.map((label) => lengths[label]);
      for (const group of groupLabels(own, textIds[request].length, layout, { maxLabelsPerGroup, inOrder: true }))
        addGroup(
          request,
          group.map((number) => list[number]).sort((a, b) => a - b),
          ids,
        );
    }
    return { work, listed, unreadable: textIds.map((ids, at) => requests[at].text.trim() === '' || !tokenizer.isReadable(ids)) };
  }

  const notANumber = () =>
    new BrokenModelError(`${scorer.source}: the model gives scores that are no numbers; its weights are damaged or hold NaN`);

  return withSafeDisposal({
    options,
    layout,
    precision,
    async labelProblem(labels) {
      const ready = await readyLabels(labels);
      ready.problem ??= labelProblem(labels.map(labelName), ready.ids, tokenizer) ?? '';
      return ready.problem || undefined;
    },
    async logits(
      requests,
      {
        batchSize = SCORING_OPTIONS.batchSize.default,
        batchTokens = scorer.batchTokens,
        maxLabelsPerGroup = options.labelsPerGroup ?? undefined,
        shortlist,
        windows = SCORING_OPTIONS.windows.default,
        mergeWindows = 'mean',
        onProgress,
        signal,
      } = {},
    ) {
      const results = requests.map(
        ({ labels }): ScoredRequest => ({ logits: new Float32Array(labels.length).fill(Number.NEGATIVE_INFINITY), cutTokens: 0 }),
      );
      const { work, listed, unreadable } = await sequencesOf(requests, maxLabelsPerGroup, shortlist, windows, signal);
      if (signal?.aborted) return results.map((result) => ({ ...result, unfinished: true }));
      const left = new Uint32Array(requests.length);
      for (const { request } of work) left[request]++;
      let scored = 0;
      for (const batch of lengthBatches(longestFirst(work), lengthOf, { tokens: batchTokens, rows: batchSize })) {
        if (signal?.aborted) break;
        const joint = padBatch(
          batch.map(({ sequence }) => sequence),
          layout.special.pad,
        );
        const logits = await scorer.score(joint); // [B, N]
        for (const [row, { request, group, windows: count, cutTokens }] of batch.entries()) {
          const result = results[request];
          left[request]--;
          result.cutTokens = Math.max(result.cutTokens, cutTokens);
          for (const [k, label] of group.entries()) {
            const logit = logits[row * joint.labels + k];
            if (!Number.isFinite(logit)) throw notANumber();
            const before = result.logits[label];
            if (mergeWindows === 'max') result.logits[label] = Math.max(before, logit);
            else result.logits[label] = (Number.isFinite(before) ? before : 0) + logit / count;
          }
        }
        scored += batch.length;
        onProgress?.(Math.floor((scored / work.length) * requests.length));
      }
      for (const [request, { labels, discounts }] of listed)
        for (const [at, label] of labels.entries()) {
          if (!Number.isFinite(discounts[at])) throw notANumber();
          results[request].logits[label] -= discounts[at];
        }
      for (const [request, nothing] of unreadable.entries()) if (nothing) results[request].unreadable = true;
      for (const [request, count] of left.entries()) if (count > 0) results[request].unfinished = true;
      return results;
    },
    async dispose() {
      await scorer.dispose();
      await (await embedder?.catch(() => undefined))?.dispose();
    },
  });
}
