/**
 * Labels read once (src/model/late.ts): one vector or state each, kept for a label set. Small sets stay in memory; larger ones are read in pieces
 * and kept in a file named by what they were made of, from which sets that do not fit into memory are read again, block by block.
 */
import { freeMemory } from '../../base/free-memory.ts';
import type { ReadLabel } from '../../text/label-texts.ts';
import { NoScoresError } from '../scorer.ts';
import { compiledLabelsFile, megabytes } from './compiled-labels-file.ts';
import { createLabelVectors, type LabelVectorsRequest } from './label-vectors.ts';

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
export interface LabelCompilerRequest extends LabelVectorsRequest {
  /** Whether blocks are turned, each a matrix of columns: a product with few texts reads them in one run. */
  asColumns: boolean;
  /** Identifies the model's weights, options and tokenizer; large sets are kept in files only where it is given. */
  identity?: string;
  /** Bytes of vectors that are held for a set at most; what is larger is read from its file for each batch of texts. As much as suits the machine unless given. */
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
  /** @throws DataError for a label without tokens or longer than the layout's limit; NoScoresError where a set finds no room */
  compile(labels: readonly ReadLabel[]): Promise<CompiledLabels>;
  /** Which of these labels the model cannot read or tell apart, as a message. @throws as compile */
  problem(labels: readonly ReadLabel[]): Promise<string | undefined>;
}

/** Labels that are tokenized and read together. */
const PIECE = 4096;

/** Sets of so many labels are large unless said, and kept in files: to read fewer again takes a moment. Those of background-labels.ts are that many. */
const LARGE = 900;

/** Labels of a block unless said: 8,192 vectors of 384 numbers are 13 MB, little against a set and enough for a product. */
const BLOCK_LABELS = 8192;

/** Bytes of a set's vectors that are held at most unless said, 650,000 vectors of 384 numbers, and the share of the memory that is free. */
const MOST_HELD = 1e9;
const SHARE_HELD = 0.25;

/** The share of the free memory that vectors may take where there is no file to read them from. */
const SHARE_WITHOUT_FILE = 0.75;

/** [rows, columns] -> [columns, rows], both row-major. @param result memory to write to */
function turned(values: Float32Array, rows: number, columns: number, result: Float32Array): Float32Array {
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column];
  return result;
}

/** A set whose blocks are in memory. */
const held = (blocks: LabelBlock[], width: number): CompiledLabels => ({
  count: blocks.reduce((sum, { count }) => sum + count, 0),
  width,
  blocks: () => blocks,
});

/** What was made of label lists. By array: a caller's list is the same object for all of a call's texts, and often for all its calls. */
function createMemory<Made>() {
  const memory = new WeakMap<readonly ReadLabel[], Promise<Made>>();
  /** What is kept of a list, or made now; what fails is not kept. */
  return (labels: readonly ReadLabel[], make: () => Promise<Made>): Promise<Made> => {
    const known = memory.get(labels);
    if (known) return known;
    const made = make();
    made.catch(() => memory.delete(labels));
    memory.set(labels, made);
    return made;
  };
}

/** Makes a compiler. */
export function createLabelCompiler({
  asColumns,
  identity,
  memory,
  largeFrom = LARGE,
  blockLabels = BLOCK_LABELS,
  onProgress,
  ...reading
}: LabelCompilerRequest): LabelCompiler {
  const { vectors: vectorsOf, problem } = createLabelVectors(reading);
  const compiled = createMemory<CompiledLabels>();
  const problems = createMemory<string | undefined>();

  async function small(labels: readonly ReadLabel[]): Promise<CompiledLabels> {
    const vectors = await vectorsOf(labels, true);
    const width = vectors[0].length;
    const rows = new Float32Array(labels.length * width); // [N, W]
    for (const [at, vector] of vectors.entries()) rows.set(vector, at * width);
    const values = asColumns ? turned(rows, labels.length, width, new Float32Array(rows.length)) : rows;
    return held([{ first: 0, count: labels.length, values }], width);
  }

  /** Blocks of a set, each label read once. A block's memory is used again for the next. */
  async function* read(labels: readonly ReadLabel[]): AsyncGenerator<{ count: number; values: Float32Array; width: number }> {
    let width = 0;
    let [rows, columns] = [new Float32Array(0), new Float32Array(0)];
    for (let first = 0; first < labels.length; first += blockLabels) {
      const count = Math.min(blockLabels, labels.length - first);
      for (let at = 0; at < count; at += PIECE) {
        const piece = labels.slice(first + at, first + Math.min(count, at + PIECE));
        const vectors = await vectorsOf(piece, false);
        if (width === 0) {
          width = vectors[0].length;
          rows = new Float32Array(count * width); // no block is larger than the first
          if (asColumns) columns = new Float32Array(rows.length);
        }
        for (const [k, vector] of vectors.entries()) rows.set(vector, (at + k) * width);
        onProgress?.(first + at + piece.length, labels.length);
      }
      const block = rows.subarray(0, count * width);
      yield { count, values: asColumns ? turned(block, count, width, columns.subarray(0, block.length)) : block, width };
    }
  }

  /** A set that is in no file, in memory. @throws NoScoresError where there is not enough of it */
  async function heldWithoutFile(labels: readonly ReadLabel[], problem: string): Promise<CompiledLabels> {
    const most = memory ?? SHARE_WITHOUT_FILE * freeMemory();
    const blocks: LabelBlock[] = [];
    let width = 0;
    let first = 0;
    for await (const block of read(labels)) {
      width = block.width;
      const bytes = labels.length * width * 4;
      if (bytes > most)
        throw new NoScoresError(
          `${labels.length} labels need ${megabytes(bytes)} MB of memory, more than the ${megabytes(most)} that may be taken (--label-memory), and cannot be read from a file instead: ${problem}`,
        );
      blocks.push({ first, count: block.count, values: block.values.slice() });
      first += block.count;
    }
    return held(blocks, width);
  }

  async function large(labels: readonly ReadLabel[]): Promise<CompiledLabels> {
    if (identity === undefined) return heldWithoutFile(labels, 'only those of a checkpoint are kept in one');
    const kept = await compiledLabelsFile(identity, labels, () => read(labels));
    if (!kept.file) return heldWithoutFile(labels, kept.problem);
    const { width, blocks } = kept.file;
    const most = memory ?? Math.min(MOST_HELD, SHARE_HELD * freeMemory());
    if (labels.length * width * 4 > most) return { count: labels.length, width, blocks };
    return held(
      Array.from(blocks(), ({ values, ...block }) => ({ ...block, values: values.slice() })),
      width,
    );
  }

  return {
    compile: (labels) => compiled(labels, () => (labels.length < largeFrom ? small(labels) : large(labels))),
    problem: (labels) => problems(labels, () => problem(labels)),
  };
}
