/** Vectors or states of labels, each reading of one read once; a label with several is the mean of theirs. Knows no sets and no files. */
import { lengthBatches } from '../../runtime/length-batches.ts';
import type { JointLayout } from '../../text/joint-sequence.ts';
import { labelName, labelReadings, type ReadLabel } from '../../text/label-texts.ts';
import { createLabelEncoder, labelProblem, readingProblem } from '../../text/labels.ts';
import { type LabelBatch, labelBatch } from '../../text/separate-sequences.ts';
import type { Tokenizer } from '../../text/tokenizer/tokenizer.ts';

/** What labels are read with. */
export interface LabelVectorsRequest {
  tokenizer: Tokenizer;
  layout: JointLayout;
  /** Gives each label's vector or state, row-major [M, W]. */
  read(batch: LabelBatch): Promise<Float32Array>;
  /** Tokens in a batch, padding included, with which that is fastest. */
  batchTokens: number;
  /** Whether vectors have length 1, and means of them again. */
  isUnit?: boolean;
}

/** Reads labels. */
export interface LabelVectors {
  /**
   * One vector a label, in order: the mean of its readings' by their shares. `keep` holds the vectors of readings for other sets.
   * @throws DataError for a label without tokens or longer than the layout's limit
   */
  vectors(labels: readonly ReadLabel[], keep: boolean): Promise<Float32Array[]>;
  /** Which of these labels the model cannot read or tell apart, as a message. @throws as vectors */
  problem(labels: readonly ReadLabel[]): Promise<string | undefined>;
}

/** Labels in one batch at most. */
const BATCH_LABELS = 256;

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

/** Makes a reader of labels. */
export function createLabelVectors({ tokenizer, layout, read, batchTokens, isUnit = false }: LabelVectorsRequest): LabelVectors {
  const encoder = createLabelEncoder(tokenizer, layout.labelLimit);
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
      const labels = await read(labelBatch(layout, rows)); // [M, W]
      const width = labels.length / rows.length;
      for (const [at, row] of rows.entries()) found.set(row, labels.subarray(at * width, (at + 1) * width));
    }
    return ids.map((each) => found.get(each)!);
  }

  /** Ids of all readings, one label's behind another's. */
  const idsOf = (labels: readonly ReadLabel[]) => encoder.encode(labels.flatMap(labelReadings), cuttable(labels));

  return {
    async vectors(labels, keep) {
      const ids = await idsOf(labels);
      const vectors = await vectorsOf(ids);
      if (keep) for (const [at, each] of ids.entries()) if (!vectorOf.has(each)) vectorOf.set(each, vectors[at]);
      if (vectors.length === labels.length) return vectors;
      return grouped(vectors, labels).map((own, at) => {
        const label = labels[at];
        return typeof label === 'string' ? own[0] : meanOf(own, label.shares, isUnit);
      });
    },
    async problem(labels) {
      const rows = grouped(await idsOf(labels), labels);
      return readingProblem(labels, rows, tokenizer) ?? labelProblem(labels.map(labelName), rows.map(joinedIds), tokenizer);
    },
  };
}
