/**
 * Which labels of a file are near to each other by their embeddings, for wrong labels like those that a model reads where there are many:
 * the nearest to the text. A function of the data, the teacher's weights and one setting, computed once, before the first batch.
 */
import type { SentenceEmbedder } from '../../classify/session-embedder.ts';
import type { DataSource, Dataset } from './dataset.ts';

/** The nearest labels of each label of one source. */
export interface SourceNearLabels {
  /** At most `count` label numbers, the nearest first: a view; empty where none is near or the label is not the source's. */
  nearest(label: number, count: number): Int32Array;
}

/** Near labels by source number; undefined for sources whose labels nearly all are shown anyway. */
export type NearLabels = readonly (SourceNearLabels | undefined)[];

/** Labels with a higher cosine are too close to be called wrong: another spelling, a synonym. */
const TOO_NEAR = 0.9;

/** Near labels that are kept of each, as a multiple of the most that an example shows: enough to draw from. */
const KEPT = 2;

/** Rows between two moments for other events. */
const ROWS_AT_ONCE = 64;

/** Labels that are compared with each other: of a larger set each meets those of its own part, for the time grows with the square. */
const COMPARED_AT_ONCE = 4096;

/**
 * The nearest others of each vector.
 * @param vectors [N, H], unit rows
 * @param width H
 * @param most K, how many are kept of each
 * @returns row numbers [N, K], the nearest first, of two alike the first; filled up with -1. Without those whose cosine is over 0.9.
 */
export async function nearestRows(vectors: Float32Array, width: number, most: number): Promise<Int32Array> {
  const rows = vectors.length / width;
  const found = new Int32Array(rows * most).fill(-1); // [N, K]
  const cosines = new Float64Array(rows * most).fill(Number.NEGATIVE_INFINITY); // [N, K]
  const keep = (row: number, other: number, cosine: number): void => {
    const first = row * most;
    let at = first + most - 1;
    if (!(cosine > cosines[at])) return;
    for (; at > first && cosines[at - 1] < cosine; at--) {
      cosines[at] = cosines[at - 1];
      found[at] = found[at - 1];
    }
    cosines[at] = cosine;
    found[at] = other;
  };
  const compared = (row: number, other: number, cosine: number): void => {
    if (cosine > TOO_NEAR) return;
    keep(row, other, cosine);
    keep(other, row, cosine);
  };
  for (let row = 0; row < rows; row++) {
    const own = row * width;
    let other = 0;
    // Four at a time take less than half as long: each element of the row is read once for all four.
    for (; other + 4 <= row; other += 4) {
      const [a, b, c, d] = [other * width, (other + 1) * width, (other + 2) * width, (other + 3) * width];
      let [cosineA, cosineB, cosineC, cosineD] = [0, 0, 0, 0];
      for (let i = 0; i < width; i++) {
        const value = vectors[own + i];
        cosineA += value * vectors[a + i];
        cosineB += value * vectors[b + i];
        cosineC += value * vectors[c + i];
        cosineD += value * vectors[d + i];
      }
      compared(row, other, cosineA);
      compared(row, other + 1, cosineB);
      compared(row, other + 2, cosineC);
      compared(row, other + 3, cosineD);
    }
    for (; other < row; other++) {
      let cosine = 0;
      for (let i = 0; i < width; i++) cosine += vectors[own + i] * vectors[other * width + i];
      compared(row, other, cosine);
    }
    if (row % ROWS_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return found;
}

/**
 * For each source with more than `maxLabels` labels the nearest others of each of its labels, as label numbers [N, K] in the order of the
 * label set, the nearest first, filled up with -1; undefined for the other sources.
 */
export type NearTables = readonly (Int32Array | undefined)[];

/** Whether the labels of a source are compared: of fewer all are shown anyway. */
const isCompared = ({ labelSet }: DataSource, maxLabels: number): boolean => labelSet.length > maxLabels;

/** K: how many near labels are kept of each label of a source. */
const keptOf = ({ labelSet }: DataSource, maxLabels: number): number => Math.min(KEPT * maxLabels, labelSet.length - 1);

/**
 * Embeds the labels of all sources that have more than `maxLabels`, each label once, and finds for each the nearest others of its source.
 * `note` is told how many before it begins.
 */
export async function compareLabels(
  dataset: Dataset,
  embedder: SentenceEmbedder,
  maxLabels: number,
  note: (line: string) => void,
): Promise<NearTables> {
  const { sources } = dataset;
  const compared = sources.filter((source) => isCompared(source, maxLabels));
  const labels = [...new Set(compared.flatMap(({ labelSet }) => [...labelSet]))];
  if (labels.length === 0) {
    note(`near negatives: no file has more than ${maxLabels} labels, so all are drawn as without`);
    return sources.map(() => undefined);
  }
  const files = compared.length;
  note(`near negatives: comparing ${labels.length.toLocaleString('en-US')} labels of ${files} file${files === 1 ? '' : 's'} ...`);
  const ids = dataset.teacherLabelIds ?? dataset.labelIds;
  const embedded = await embedder.embedIds(labels.map((label) => ids.at(label)));
  const vectorOf = new Map(labels.map((label, at) => [label, embedded[at]]));
  const width = embedded[0].length;
  const tables: (Int32Array | undefined)[] = [];
  for (const source of sources) {
    if (!isCompared(source, maxLabels)) {
      tables.push(undefined);
      continue;
    }
    const { labelSet } = source;
    const most = keptOf(source, maxLabels);
    const found = new Int32Array(labelSet.length * most).fill(-1); // [N, K]
    const parts = Math.ceil(labelSet.length / COMPARED_AT_ONCE);
    for (let part = 0; part < parts; part++) {
      // Every so manieth: neighbours in the order of a file are often alike, and are spread like all others.
      const members = labelSet.filter((_, row) => row % parts === part);
      const vectors = new Float32Array(members.length * width); // [M, H]
      members.forEach((label, at) => {
        vectors.set(vectorOf.get(label)!, at * width);
      });
      const nearest = await nearestRows(vectors, width, most);
      for (const [at, member] of nearest.entries())
        if (member >= 0) found[(part + parts * Math.floor(at / most)) * most + (at % most)] = members[member];
    }
    tables.push(found);
  }
  return tables;
}

/** Whether tables are of the form that {@link compareLabels} gives for these labels: right sizes, label numbers of their source only. */
export const areTablesOf = (tables: NearTables, { sources }: Dataset, maxLabels: number): boolean =>
  tables.length === sources.length &&
  sources.every((source, at) => {
    const table = tables[at];
    if (!isCompared(source, maxLabels)) return table === undefined;
    const own = new Set(source.labelSet);
    return table?.length === source.labelSet.length * keptOf(source, maxLabels) && table.every((label) => label === -1 || own.has(label));
  });

/** Near labels by their tables. */
export const nearLabelsOf = (tables: NearTables, { sources }: Dataset): NearLabels =>
  sources.map(({ labelSet }, at) => {
    const table = tables[at];
    if (!table) return undefined;
    const most = table.length / labelSet.length;
    const rowOf = new Map(Array.from(labelSet, (label, row) => [label, row]));
    return {
      nearest(label, count) {
        const row = rowOf.get(label);
        if (row === undefined) return table.subarray(0, 0);
        const near = table.subarray(row * most, row * most + Math.min(count, most));
        const end = near.indexOf(-1);
        return end < 0 ? near : near.subarray(0, end);
      },
    };
  });
