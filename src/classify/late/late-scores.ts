/**
 * Texts that were read, against labels of one set: where a text is one vector, one product with theirs; else the upper layers, which read a few
 * labels at a time beside the text.
 */
import type { GliZNetOptions } from '../../model/options.ts';
import type { Feed, FeedData } from '../../runtime/onnx-session.ts';
import { shownFeeds, stateName } from '../sequence-feeds.ts';
import type { CompiledLabels } from './compiled-labels.ts';
import type { LateSessions } from './late-classifier.ts';

/** Fewer labels are scored in one thread, where there is a session for that: it takes some milliseconds a batch. */
const FEW_SCORED = 4096;

/** Labels that the upper layers read at once, where they do not read each other. */
const SHOWN_AT_ONCE = 128;

/** A batch of texts that was read. */
export interface ReadTexts {
  /** What the graph of texts gives, by name. */
  values: Record<string, FeedData>;
  /** 1 for tokens, 0 for padding. [B, T] */
  attentionMask: Feed;
}

/** Scores texts against labels. */
export interface LateScorer {
  /** What is asked of the graph of texts: the vector, or what each upper layer reads. */
  readonly outputs: string[];
  /** Logits of some texts of a batch, a block of labels after the other: of a million labels those of all texts are never held twice. rows: which [R] */
  score(read: ReadTexts, rows: readonly number[], labels: CompiledLabels): AsyncIterable<ScoredBlock>;
}

/** Logits of consecutive labels. */
export interface ScoredBlock {
  /** Number of the first label. */
  first: number;
  count: number;
  /** Row-major [R, count] */
  logits: Float32Array;
}

/** Rows of a batch's values [B, size]; the values themselves where all are asked for. -> [R, size] */
function pickRows(values: FeedData, batch: number, rows: readonly number[]): FeedData {
  if (rows.length === batch) return values;
  const size = values.length / batch;
  const picked = values.slice(0, rows.length * size);
  for (const [at, row] of rows.entries()) picked.set(values.subarray(row * size, (row + 1) * size), at * size);
  return picked;
}

/** Makes a scorer of the graph of scores. */
export function createLateScorer(
  { upperLayers, setAttention }: GliZNetOptions,
  { scores: graph, fewScores }: Pick<LateSessions, 'scores' | 'fewScores'>,
): LateScorer {
  const outputs = ['text', ...Array.from({ length: upperLayers }, (_, layer) => stateName(layer))];

  /** What the graph of scores reads of texts. */
  function textFeedsOf({ values, attentionMask }: ReadTexts, rows: readonly number[]): Record<string, Feed> {
    const [batch, length] = attentionMask.shape;
    const feedOf = (name: string): Feed => {
      const data = pickRows(values[name], batch, rows);
      const size = data.length / rows.length;
      return { data, shape: name === 'text' ? [rows.length, size] : [rows.length, length, size / length] };
    };
    return Object.fromEntries(outputs.map((name) => [name, feedOf(name)]));
  }

  /** Of labels that are vectors. */
  async function* ofVectors(read: ReadTexts, rows: readonly number[], labels: CompiledLabels): AsyncGenerator<ScoredBlock> {
    const texts = textFeedsOf(read, rows);
    for (const { first, count, values } of labels.blocks()) {
      const block = { data: values, shape: [labels.width, count] };
      const session = count < FEW_SCORED ? (fewScores ?? graph) : graph;
      const { logits } = await session.run({ ...texts, labels: block }, ['logits']);
      yield { first, count, logits: logits as Float32Array };
    }
  }

  /** Of labels that are states, which the upper layers read. */
  async function* ofStates(read: ReadTexts, rows: readonly number[], labels: CompiledLabels): AsyncGenerator<ScoredBlock> {
    const [batch, length] = read.attentionMask.shape;
    const attended = { data: pickRows(read.attentionMask.data, batch, rows), shape: [rows.length, length] };
    const texts = { ...textFeedsOf(read, rows), attention_mask: attended };
    for (const { first, count, values } of labels.blocks()) {
      const step = setAttention ? count : SHOWN_AT_ONCE;
      for (let at = 0; at < count; at += step) {
        const part = Math.min(step, count - at);
        const states = { data: values.subarray(at * labels.width, (at + part) * labels.width), shape: [part, labels.width] };
        const numbers = Int32Array.from({ length: rows.length * part }, (_, i) => i % part); // [R, part]
        const shown = { labels: part, numbers, mask: new Int32Array(numbers.length).fill(1) };
        const { logits } = await graph.run({ ...texts, labels: states, ...shownFeeds(shown, rows.length) }, ['logits']);
        yield { first: first + at, count: part, logits: logits as Float32Array };
      }
    }
  }

  return { outputs, score: upperLayers === 0 ? ofVectors : ofStates };
}
