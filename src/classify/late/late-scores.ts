/**
 * Texts that were read, against labels of one set: where a text is one vector, one product with theirs; where labels read its tokens, a few texts
 * at a time; else the upper layers, which read a few labels at a time beside the text.
 */
import { type GliZNetOptions, readsTokens } from '../../model/options.ts';
import type { Feed, FeedData } from '../../runtime/onnx-session.ts';
import { shownFeeds, stateName } from '../sequence-feeds.ts';
import type { CompiledLabels } from './compiled-labels.ts';
import type { LateSessions } from './late-classifier.ts';

/** Fewer labels are scored in one thread, where there is a session for that: it takes some milliseconds a batch. */
const FEW_SCORED = 4096;

/** Labels that the upper layers read at once, where they do not read each other. */
const SHOWN_AT_ONCE = 128;

/** Of a set of more labels than this none reads tokens: with so many a text takes twice its time already (docs/speed.md). */
export const MOST_READERS = 10_000;

/** Numbers that a run of labels reading tokens holds at once, about: 64 MB. */
const READING_NUMBERS = 1 << 24;

/** A batch of texts that was read. */
export interface ReadTexts {
  /** What the graph of texts gives, by name. */
  values: Record<string, FeedData>;
  /** 1 for tokens, 0 for padding. [B, T] */
  attentionMask: Feed;
  /** 1 for the text's own tokens. [B, T] */
  textMask: Feed;
}

/** Scores texts against labels. */
export interface LateScorer {
  /** What is asked of the graph of texts for these sets: vectors, states of tokens, or what each upper layer reads. */
  outputs(sets: readonly CompiledLabels[]): string[];
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
  options: GliZNetOptions,
  { scores: graph, fewScores, readings }: Pick<LateSessions, 'scores' | 'fewScores' | 'readings'>,
): LateScorer {
  const { upperLayers, setAttention } = options;
  const ofTexts = ['text', ...Array.from({ length: upperLayers }, (_, layer) => stateName(layer))];
  const areReaders = ({ count }: CompiledLabels) => readsTokens(options) && count <= MOST_READERS;

  /** What the graph of scores reads of texts. */
  function textFeedsOf({ values, attentionMask }: ReadTexts, rows: readonly number[]): Record<string, Feed> {
    const [batch, length] = attentionMask.shape;
    const feedOf = (name: string): Feed => {
      const data = pickRows(values[name], batch, rows);
      const size = data.length / rows.length;
      return { data, shape: name === 'text' ? [rows.length, size] : [rows.length, length, size / length] };
    };
    return Object.fromEntries(ofTexts.map((name) => [name, feedOf(name)]));
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

  /** Of labels that read the tokens of some texts at a time. */
  async function* ofTokens({ values, textMask }: ReadTexts, rows: readonly number[], labels: CompiledLabels): AsyncGenerator<ScoredBlock> {
    const [batch, length] = textMask.shape;
    for (const { first, count, values: columns } of labels.blocks()) {
      const block = { data: columns, shape: [labels.width, count] };
      const step = Math.max(1, Math.floor(READING_NUMBERS / (count * (labels.width + 4 * length))));
      const logits = new Float32Array(rows.length * count);
      for (let at = 0; at < rows.length; at += step) {
        const some = rows.slice(at, at + step);
        const hidden = pickRows(values.hidden, batch, some);
        const mask = { data: pickRows(textMask.data, batch, some), shape: [some.length, length] };
        const states = { data: hidden, shape: [some.length, length, hidden.length / mask.data.length] };
        const read = await readings!.run({ hidden: states, text_mask: mask, labels: block }, ['logits']);
        logits.set(read.logits as Float32Array, at * count);
      }
      yield { first, count, logits };
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

  return {
    outputs: (sets) => [...(sets.some(areReaders) ? ['hidden'] : []), ...(sets.every(areReaders) ? [] : ofTexts)],
    score(read, rows, labels) {
      if (areReaders(labels)) return ofTokens(read, rows, labels);
      return (upperLayers === 0 ? ofVectors : ofStates)(read, rows, labels);
    },
  };
}
