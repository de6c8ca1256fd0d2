/** Vectors or states of labels, each reading of one read once; a label with several is the mean of theirs. Knows no sets and no files. */
import { lengthBatches } from '../../runtime/length-batches.ts';
import { type BatchRunner, runBatches, type SessionPool } from '../../runtime/session-pool.ts';
import type { JointLayout } from '../../text/joint-sequence.ts';
import { labelName, labelReadings, type ReadLabel } from '../../text/label-texts.ts';
import { createLabelEncoder, KEPT_LABELS, labelProblem, readingProblem } from '../../text/labels.ts';
import { type LabelBatch, labelBatch } from '../../text/separate-sequences.ts';
import type { Tokenizer } from '../../text/tokenizer/tokenizer.ts';

/** What labels are read with. */
export interface LabelVectorsRequest {
  tokenizer: Tokenizer;
  layout: JointLayout;
  /** Gives each label's vector or state, row-major [M, W]. */
  read(batch: LabelBatch, runner: BatchRunner): Promise<Float32Array>;
  /** Tokens in a batch, padding included, with which that is fastest. */
  batchTokens: number;
  /** What `read` runs on. */
  pool: Pick<SessionPool, 'runnerFor'>;
  /** Whether vectors have length 1, and means of them again. */
  isUnit?: boolean;
}

/** Reads labels. */
export interface LabelVectors {
  /**
   * One vector a label, in order: the mean of its readings' by their shares. `keep` holds ids and vectors of readings for other sets.
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

/** Labels that are tokenized together. */
const PIECE = 4096;

/** Labels in pieces, each with the number of its first. */
function* pieces(labels: readonly ReadLabel[]): Generator<[first: number, piece: readonly ReadLabel[]]> {
  for (let first = 0; first < labels.length; first += PIECE) yield [first, labels.slice(first, first + PIECE)];
}

/** A number of 53 bits that equal ids share, and others hardly ever (FNV-1a, twice). */
function hashOfIds(ids: Int32Array): number {
  let [low, high] = [0x811c9dc5, 0x01000193];
  for (const id of ids) {
    low = Math.imul(low ^ id, 0x01000193);
    high = Math.imul(high ^ (id + (low >>> 15)), 0x85ebca6b);
  }
  return (low >>> 0) + (high >>> 11) * 2 ** 32;
}

/** Values that are there more than once. */
function repeated(values: Float64Array): Set<number> {
  const sorted = values.slice().sort();
  return new Set(sorted.filter((value, at) => at > 0 && value === sorted[at - 1]));
}

/** The mean of vectors by their shares; of length 1 where they are. [W] */
function meanOf(vectors: readonly Float32Array[], shares: readonly number[], isUnit: boolean): Float32Array {
  const mean = new Float32Array(vectors[0].length);
  for (const [at, vector] of vectors.entries()) for (const [k, value] of vector.entries()) mean[k] += shares[at] * value;
  if (!isUnit) return mean;
  const length = Math.sqrt(mean.reduce((sum, value) => sum + value * value, 0));
  return length > 0 ? mean.map((value) => value / length) : mean;
}

/** Makes a reader of labels. */
export function createLabelVectors({ tokenizer, layout, read, batchTokens, pool, isUnit = false }: LabelVectorsRequest): LabelVectors {
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
    const runner = pool.runnerFor(missing.reduce((sum, { length }) => sum + length + 2, 0));
    const batches = lengthBatches(missing, ({ length }) => length + 2, { tokens: batchTokens, rows: BATCH_LABELS });
    for await (const { batch: rows, result: labels } of runBatches(runner, batches, (some) => read(labelBatch(layout, some), runner))) {
      const width = labels.length / rows.length;
      for (const [at, row] of rows.entries()) found.set(row, labels.subarray(at * width, (at + 1) * width));
    }
    return ids.map((each) => found.get(each)!);
  }

  /** Ids of all readings, one label's behind another's. */
  const idsOf = (labels: readonly ReadLabel[], keep: boolean) => encoder.encode(labels.flatMap(labelReadings), cuttable(labels), keep);

  return {
    async vectors(labels, keep) {
      const ids = await idsOf(labels, keep);
      const vectors = await vectorsOf(ids);
      if (keep) for (const [at, each] of ids.entries()) if (!vectorOf.has(each)) vectorOf.set(each, vectors[at]);
      if (vectors.length === labels.length) return vectors;
      return grouped(vectors, labels).map((own, at) => {
        const label = labels[at];
        return typeof label === 'string' ? own[0] : meanOf(own, label.shares, isUnit);
      });
    },
    async problem(labels) {
      // Of a million labels only hashes are kept, and looked at again are those that may be alike or cannot be read.
      const hashes = new Float64Array(labels.length);
      const isUnread = new Uint8Array(labels.length);
      // Ids of more would push each other out of what is kept, only to be garbage that lived long.
      const keep = labels.length <= KEPT_LABELS;
      for (const [first, piece] of pieces(labels)) {
        const rows = grouped(await idsOf(piece, keep), piece);
        const problem = readingProblem(piece, rows, tokenizer);
        if (problem !== undefined) return problem;
        for (const [at, row] of rows.entries()) {
          const ids = joinedIds(row);
          hashes[first + at] = hashOfIds(ids);
          if (!tokenizer.isReadable(ids)) isUnread[first + at] = 1;
        }
      }
      const twice = repeated(hashes);
      const suspects = labels.filter((_, at) => isUnread[at] === 1 || twice.has(hashes[at]));
      if (suspects.length === 0) return undefined;
      return labelProblem(suspects.map(labelName), grouped(await idsOf(suspects, false), suspects).map(joinedIds), tokenizer);
    },
  };
}
