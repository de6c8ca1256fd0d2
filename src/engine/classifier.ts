/**
 * GliZNet as a function of texts and labels: tokenizes, packs labels into groups, batches joint sequences of like length, and merges
 * the logits. Works over any Scorer; knows nothing of files, records or devices.
 */
import type { GliZNetOptions } from '../model/options.ts';
import { buildJointSequence, type JointLayout, type JointSequence, labelTokens, padBatch, prepareLayout } from '../text/joint-sequence.ts';
import { groupLabels } from '../text/label-groups.ts';
import { createLabelEncoder, type LabelEncoder } from '../text/labels.ts';
import type { Tokenizer } from '../text/tokenizer.ts';
import type { Scorer } from './scorer.ts';
import type { SentenceEmbedder } from './session-embedder.ts';

/** One text and its candidate labels. Requests that share one label array share its preparation. */
export interface ScoreRequest {
  text: string;
  labels: readonly string[];
}

/** What {@link Classifier.logits} gives for one request. */
export interface ScoredRequest {
  /** One logit a label, in the order of the request's labels; -Infinity for labels that are not on the text's shortlist. */
  logits: Float32Array;
  /** Text tokens that did not fit into the window. */
  cutTokens: number;
}

/** How requests are scored. */
export interface ClassifierOptions {
  /** Joint sequences a batch; a batch of long ones takes fewer. */
  batchSize?: number;
  /** Most labels in one joint sequence; as the model's options say unless given. */
  maxLabelsPerGroup?: number;
  /**
   * Of a label set larger than this, only so many labels are read with the text: those whose embeddings are nearest to the text's.
   * 0: every label is read. 50 of a set of more than 200 unless given.
   */
  shortlist?: number;
  /** Called after each batch with the number of requests that are done. */
  onProgress?: (done: number) => void;
}

/** Scores texts against labels. */
export interface Classifier {
  readonly options: GliZNetOptions;
  readonly layout: JointLayout;
  /** Precision of the scorer. */
  readonly precision: 'fp32' | 'int8';
  /**
   * Logits of every request, in order. Calls may overlap.
   * @throws DataError for a label without tokens or longer than the window
   */
  logits(requests: readonly ScoreRequest[], options?: ClassifierOptions): Promise<ScoredRequest[]>;
  /** Releases native memory. Safe to call twice. */
  dispose(): Promise<void>;
}

/** Joint sequences a batch unless the caller says otherwise. */
export const DEFAULT_BATCH_SIZE = 32;

/** Tokens in one batch at most, padding included: beyond this, larger batches only take more memory. */
const BATCH_TOKENS = 16_384;

/** Lays out sequences as GliZNet's options say. @throws UsageError where the tokenizer lacks the marker or positions. */
export const layoutOf = (tokenizer: Tokenizer, options: GliZNetOptions): Promise<JointLayout> =>
  prepareLayout(tokenizer, {
    labelStyle: options.labelStyle,
    token: options.labelStyle === 'marker' ? options.marker : options.separator,
    lmaskOn: options.labelPooling === 'marker' ? 'marker' : 'label',
    blocks: options.crossAttention === 'gated',
    maxLength: Math.min(options.maxLength, tokenizer.modelMaxLength),
  });

/** Label sets up to this size are always read whole, unless a shortlist is asked for. */
const SHORTLIST_FROM = 200;
/** Labels on a shortlist: of 4,510 research topics it holds the right one for 9 of 10 texts. */
const SHORTLIST_SIZE = 50;

/** A label set made ready: its ids, and its groups by the room that a text leaves. */
interface PreparedLabels {
  ids: Int32Array[];
  lengths: number[];
  groups: Map<number, number[][]>;
  /** Unit vectors of the labels, [N, H] by rows, once a shortlist was needed. */
  vectors?: Promise<Float32Array[]>;
}

interface Work {
  request: number;
  sequence: JointSequence;
  /** Label numbers of the sequence's labels. */
  group: readonly number[];
}

/** Cuts sequences, ordered by length, into batches. */
function* batchesOf(work: readonly Work[], batchSize: number): Generator<Work[]> {
  const ordered = [...work].sort(
    (a, b) => b.sequence.inputIds.length - a.sequence.inputIds.length || b.sequence.labels - a.sequence.labels || a.request - b.request,
  );
  for (let at = 0; at < ordered.length; ) {
    const size = Math.max(1, Math.min(batchSize, Math.floor(BATCH_TOKENS / ordered[at].sequence.inputIds.length)));
    yield ordered.slice(at, at + size);
    at += size;
  }
}

/** The numbers of the `count` vectors nearest to a vector, in ascending order of number. All vectors have unit length. */
function nearest(vector: Float32Array, others: readonly Float32Array[], count: number): number[] {
  const cosines = Float32Array.from(others, (other) => {
    let cosine = 0;
    for (let i = 0; i < vector.length; i++) cosine += vector[i] * other[i];
    return cosine;
  });
  const order = [...others.keys()].sort((a, b) => cosines[b] - cosines[a] || a - b);
  return order.slice(0, count).sort((a, b) => a - b);
}

/** Makes a classifier of a tokenizer and a scorer, which it owns; `makeEmbedder` is called when a shortlist is first needed. @throws UsageError where the options do not suit the tokenizer. */
export async function createClassifier(
  tokenizer: Tokenizer,
  options: GliZNetOptions,
  scorer: Scorer,
  precision: 'fp32' | 'int8' = 'fp32',
  makeEmbedder?: () => Promise<SentenceEmbedder>,
): Promise<Classifier> {
  const layout = await layoutOf(tokenizer, options);
  const encoder: LabelEncoder = createLabelEncoder(tokenizer, layout.labelLimit);
  // By array: a caller's label list is the same object for all of a call's texts, and often for all its calls.
  const prepared = new WeakMap<readonly string[], Promise<PreparedLabels>>();
  const prepare = async (labels: readonly string[]): Promise<PreparedLabels> => {
    const ids = await encoder.encode(labels);
    return { ids, lengths: ids.map((each) => each.length), groups: new Map() };
  };

  let embedder: Promise<SentenceEmbedder> | undefined;

  /** For each request whose label set is long: the numbers of the labels that are read. */
  async function shortlists(requests: readonly ScoreRequest[], textIds: readonly Int32Array[], asked: number | undefined) {
    const size = asked ?? SHORTLIST_SIZE;
    const from = asked === undefined ? SHORTLIST_FROM : asked;
    const long = [...requests.keys()].filter((request) => requests[request].labels.length > from);
    if (!makeEmbedder || size === 0 || long.length === 0) return new Map<number, number[]>();
    embedder ??= makeEmbedder();
    const { embedIds } = await embedder;
    const texts = await embedIds(long.map((request) => textIds[request]));
    const lists = new Map<number, number[]>();
    for (const [at, request] of long.entries()) {
      const ready = await readyLabels(requests[request].labels);
      ready.vectors ??= embedIds(ready.ids);
      lists.set(request, nearest(texts[at], await ready.vectors, size));
    }
    return lists;
  }

  const readyLabels = (labels: readonly string[]): Promise<PreparedLabels> => {
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
  ): Promise<Work[]> {
    const textIds = await tokenizer.encodeBatch(
      requests.map(({ text }) => text),
      { atLeast: layout.window + 1 },
    );
    const work: Work[] = [];
    const lists = await shortlists(requests, textIds, shortlist);
    for (const [request, { labels }] of requests.entries()) {
      const { ids, lengths, groups } = await readyLabels(labels);
      const textLength = textIds[request].length;
      const list = lists.get(request);
      if (list) {
        const own = list.map((label) => lengths[label]);
        for (const numbers of groupLabels(own, textLength, layout, { maxLabelsPerGroup })) {
          const group = numbers.map((number) => list[number]);
          work.push({
            request,
            group,
            sequence: buildJointSequence(
              layout,
              textIds[request],
              group.map((label) => ids[label]),
            ),
          });
        }
        continue;
      }
      // Groups depend on the text's length class only; one key for each class keeps them by class.
      const key = Math.min(layout.textShare, textLength) * 4096 + Math.min(4095, maxLabelsPerGroup ?? 4095);
      let split = groups.get(key);
      if (!split) {
        split = groupLabels(lengths, textLength, layout, { maxLabelsPerGroup });
        groups.set(key, split);
      }
      for (const group of split)
        work.push({
          request,
          group,
          sequence: buildJointSequence(
            layout,
            textIds[request],
            group.map((label) => ids[label]),
          ),
        });
    }
    return work;
  }

  return {
    options,
    layout,
    precision,
    async logits(
      requests,
      { batchSize = DEFAULT_BATCH_SIZE, maxLabelsPerGroup = options.labelsPerGroup ?? undefined, shortlist, onProgress } = {},
    ) {
      const results = requests.map(
        ({ labels }): ScoredRequest => ({ logits: new Float32Array(labels.length).fill(Number.NEGATIVE_INFINITY), cutTokens: 0 }),
      );
      const work = await sequencesOf(requests, maxLabelsPerGroup, shortlist);
      let scored = 0;
      for (const batch of batchesOf(work, batchSize)) {
        const joint = padBatch(
          batch.map(({ sequence }) => sequence),
          layout.special.pad,
        );
        const logits = await scorer.score(joint); // [B, N]
        for (const [row, { request, group, sequence }] of batch.entries()) {
          const result = results[request];
          result.cutTokens = Math.max(result.cutTokens, sequence.cutTokens);
          for (const [k, label] of group.entries()) result.logits[label] = logits[row * joint.labels + k];
        }
        scored += batch.length;
        onProgress?.(Math.floor((scored / work.length) * requests.length));
      }
      return results;
    },
    async dispose() {
      await scorer.dispose();
      await (await embedder)?.dispose();
    },
  };
}

/** Whether a label set fits beside a text of any length in one joint sequence. */
export const fitsInOneSequence = (labelLengths: readonly number[], layout: JointLayout): boolean =>
  labelTokens(labelLengths, layout) <= layout.window - layout.textShare;

/** Probability of a label by itself: sigmoid of the calibrated logit. */
export function labelProbability(logit: number, { temperature, bias }: GliZNetOptions['calibration']): number {
  return 1 / (1 + Math.exp(-(logit / temperature + bias)));
}

/** Probabilities over the labels, of which one is right: softmax of the logits. logits [N] -> [N] */
export function choiceProbabilities(logits: Float32Array): Float64Array {
  let largest = Number.NEGATIVE_INFINITY;
  for (const logit of logits) largest = Math.max(largest, logit);
  const result = Float64Array.from(logits, (logit) => Math.exp(logit - largest));
  let sum = 0;
  for (const value of result) sum += value;
  return result.map((value) => value / sum);
}
