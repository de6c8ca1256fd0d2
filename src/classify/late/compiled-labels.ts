/**
 * Labels read once (src/model/late.ts): one vector or state each, kept for a label set. Small sets stay in memory; larger ones are read in pieces
 * and kept in a file named by what they were made of, from which sets that do not fit into memory are read again, block by block.
 */
import { lengthBatches } from '../../runtime/length-batches.ts';
import type { JointLayout } from '../../text/joint-sequence.ts';
import { labelName, labelReadings, type ReadLabel } from '../../text/label-texts.ts';
import { createLabelEncoder, labelProblem, readingProblem } from '../../text/labels.ts';
import { type LabelBatch, labelBatch } from '../../text/separate-sequences.ts';
import type { Tokenizer } from '../../text/tokenizer/tokenizer.ts';
import { compiledLabelsFile } from './compiled-labels-file.ts';

/** Consecutive labels of a set. */
export interface LabelBlock {
  /** Number of the first in the set. */
  first: number;
  count: number;
  /** Row-major [count, W]; of columns, where {@link LabelCompilerRequest.asColumns}: [W, count] */
  values: Float32Array;
}

/** A label set that is ready to be scored with. */
export interface CompiledLabels {
  count: number;
  /** Size of a label's vector or state. */
  width: number;
  /** All labels in order. A block's memory may be used again for the next. */
  blocks(): Iterable<LabelBlock>;
}

/** What labels are compiled with. */
export interface LabelCompilerRequest {
  tokenizer: Tokenizer;
  layout: JointLayout;
  /** Gives each label's vector or state, row-major [M, W]. */
  read(batch: LabelBatch): Promise<Float32Array>;
  /** Tokens in a batch, padding included, with which that is fastest. */
  batchTokens: number;
  /** Whether vectors have length 1, and means of them again. */
  isUnit?: boolean;
  /** Whether blocks are turned, each a matrix of columns: a product with few texts reads them in one run. */
  asColumns: boolean;
  /** Identifies the model's weights, options and tokenizer; large sets are kept in files only where it is given. */
  identity?: string;
  /** Bytes of vectors that are held for a set at most; what is larger is read from its file each time. */
  memory?: number;
  /** Labels from which on a set is large. */
  largeFrom?: number;
  /** Labels of a block of a large set. */
  blockLabels?: number;
  /** Told how many labels of a large set are read. */
  onProgress?: (done: number, labels: number) => void;
}

/** Makes label sets ready. */
export interface LabelCompiler {
  /** @throws DataError for a label without tokens or longer than the layout's limit */
  compile(labels: readonly ReadLabel[]): Promise<CompiledLabels>;
  /** Which of these labels the model cannot read or tell apart, as a message. @throws as compile */
  problem(labels: readonly ReadLabel[]): Promise<string | undefined>;
}

/** Labels in one batch at most. */
const BATCH_LABELS = 256;

/** Labels that are tokenized and read together. */
const PIECE = 4096;

/** Sets of so many labels are large unless said, and kept in files: to read fewer again takes a moment. Those of background-labels.ts are that many. */
const LARGE = 900;

/** Labels of a block unless said: 16,384 vectors of 384 numbers are 25 MB, little against a set and enough for a product. */
const BLOCK_LABELS = 16_384;

/** Bytes of a set's vectors that are held unless said: 650,000 vectors of 384 numbers. */
const MEMORY = 1e9;

/** [rows, columns] -> [columns, rows], both row-major. */
function turned(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column];
  return result;
}

/** What belongs to each label's readings, in groups of a label. */
function grouped<Each>(all: readonly Each[], labels: readonly ReadLabel[]): Each[][] {
  let first = 0;
  return labels.map((label) => {
    const own = all.slice(first, first + labelReadings(label).length);
    first += own.length;
    return own;
  });
}

/** Whether each reading of labels is an example. */
const cuttable = (labels: readonly ReadLabel[]): boolean[] =>
  labels.flatMap((label) => {
    if (typeof label === 'string') return [false];
    const strict = label.readings.length - (label.examples ?? 0);
    return label.readings.map((_, at) => at >= strict);
  });

/** Ids of several texts, one behind the other. */
const joinedIds = (rows: readonly Int32Array[]): Int32Array =>
  rows.length === 1 ? rows[0] : Int32Array.from(rows.flatMap((row) => [...row]));

/** The mean of vectors by their shares; of length 1 where they are. [W] */
function meanOf(vectors: readonly Float32Array[], shares: readonly number[], isUnit: boolean): Float32Array {
  const mean = new Float32Array(vectors[0].length);
  for (const [at, vector] of vectors.entries()) for (const [k, value] of vector.entries()) mean[k] += shares[at] * value;
  if (!isUnit) return mean;
  const length = Math.sqrt(mean.reduce((sum, value) => sum + value * value, 0));
  return length > 0 ? mean.map((value) => value / length) : mean;
}

/** Makes a compiler. */
export function createLabelCompiler({
  tokenizer,
  layout,
  read: readBatch,
  batchTokens,
  asColumns,
  isUnit = false,
  identity,
  memory = MEMORY,
  largeFrom = LARGE,
  blockLabels = BLOCK_LABELS,
  onProgress,
}: LabelCompilerRequest): LabelCompiler {
  const encoder = createLabelEncoder(tokenizer, layout.labelLimit);
  // By array: a caller's label list is the same object for all of a call's texts, and often for all its calls.
  const compiled = new WeakMap<readonly ReadLabel[], Promise<CompiledLabels>>();
  const problems = new WeakMap<readonly ReadLabel[], Promise<string | undefined>>();
  // By the ids, which the label encoder keeps: records with label lists of their own share many labels.
  const vectorOf = new WeakMap<Int32Array, Float32Array>();

  /** Vectors of labels, in order; each that is new is read once. */
  async function vectorsOf(ids: readonly Int32Array[]): Promise<Float32Array[]> {
    const found = new Map<Int32Array, Float32Array>();
    const missing: Int32Array[] = [];
    for (const each of new Set(ids)) {
      const known = vectorOf.get(each);
      if (known) found.set(each, known);
      else missing.push(each);
    }
    missing.sort((a, b) => b.length - a.length);
    for (const rows of lengthBatches(missing, ({ length }) => length + 2, { tokens: batchTokens, rows: BATCH_LABELS })) {
      const labels = await readBatch(labelBatch(layout, rows)); // [M, W]
      const width = labels.length / rows.length;
      for (const [at, row] of rows.entries()) found.set(row, labels.subarray(at * width, (at + 1) * width));
    }
    return ids.map((each) => found.get(each)!);
  }

  /** One vector a label, in order: the mean of its readings' by their shares. `keep` holds the vectors of readings for other sets. */
  async function labelVectors(labels: readonly ReadLabel[], keep: boolean): Promise<Float32Array[]> {
    const ids = await encoder.encode(labels.flatMap(labelReadings), cuttable(labels));
    const vectors = await vectorsOf(ids);
    if (keep) for (const [at, each] of ids.entries()) if (!vectorOf.has(each)) vectorOf.set(each, vectors[at]);
    if (vectors.length === labels.length) return vectors;
    return grouped(vectors, labels).map((own, at) => {
      const label = labels[at];
      return typeof label === 'string' ? own[0] : meanOf(own, label.shares, isUnit);
    });
  }

  async function small(labels: readonly ReadLabel[]): Promise<CompiledLabels> {
    const vectors = await labelVectors(labels, true);
    const width = vectors[0].length;
    const rows = new Float32Array(labels.length * width); // [N, W]
    for (const [at, vector] of vectors.entries()) rows.set(vector, at * width);
    return held([{ first: 0, count: labels.length, values: asColumns ? turned(rows, labels.length, width) : rows }], width);
  }

  /** Blocks of a set, row-major, each label read once. */
  async function* read(labels: readonly ReadLabel[]): AsyncGenerator<{ count: number; rows: Float32Array; width: number }> {
    for (let first = 0; first < labels.length; first += blockLabels) {
      const count = Math.min(blockLabels, labels.length - first);
      let rows: Float32Array | undefined;
      let width = 0;
      for (let at = 0; at < count; at += PIECE) {
        const piece = labels.slice(first + at, first + Math.min(count, at + PIECE));
        const vectors = await labelVectors(piece, false);
        width = vectors[0].length;
        rows ??= new Float32Array(count * width);
        for (const [k, vector] of vectors.entries()) rows.set(vector, (at + k) * width);
        onProgress?.(first + at + piece.length, labels.length);
      }
      yield { count, rows: rows!, width };
    }
  }

  async function large(labels: readonly ReadLabel[]): Promise<CompiledLabels> {
    const file = identity === undefined ? undefined : await compiledLabelsFile(identity, labels, () => read(labels));
    const blockOf = (first: number, count: number, width: number, rows: Float32Array): LabelBlock => ({
      ...{ first, count, values: asColumns ? turned(rows, count, width) : rows },
    });
    const blocks: LabelBlock[] = [];
    if (file && labels.length * file.width * 4 > memory) {
      const { width } = file;
      return {
        ...{ count: labels.length, width },
        *blocks() {
          for (const { first, count, rows } of file.blocks()) yield blockOf(first, count, width, rows);
        },
      };
    }
    let width = file?.width ?? 0;
    if (file) for (const { first, count, rows } of file.blocks()) blocks.push(blockOf(first, count, width, rows));
    else
      for await (const block of read(labels)) {
        width = block.width;
        blocks.push(blockOf(blocks.length * blockLabels, block.count, width, block.rows));
      }
    return held(blocks, width);
  }

  /** What is kept of a list, or made now. */
  function kept<Made>(
    memory: WeakMap<readonly ReadLabel[], Promise<Made>>,
    labels: readonly ReadLabel[],
    make: () => Promise<Made>,
  ): Promise<Made> {
    const known = memory.get(labels);
    if (known) return known;
    const made = make();
    made.catch(() => memory.delete(labels));
    memory.set(labels, made);
    return made;
  }

  return {
    compile: (labels) => kept(compiled, labels, () => (labels.length < largeFrom ? small(labels) : large(labels))),
    problem: (labels) =>
      kept(problems, labels, async () => {
        const ids = await encoder.encode(labels.flatMap(labelReadings), cuttable(labels));
        const rows = grouped(ids, labels);
        return readingProblem(labels, rows, tokenizer) ?? labelProblem(labels.map(labelName), rows.map(joinedIds), tokenizer);
      }),
  };
}

/** A set whose blocks are in memory. */
const held = (blocks: LabelBlock[], width: number): CompiledLabels => ({
  count: blocks.reduce((sum, { count }) => sum + count, 0),
  width,
  blocks: () => blocks,
});
