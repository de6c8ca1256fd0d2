/**
 * Near labels kept in a run's folder, so that a run that is resumed does not compare its labels again, which takes minutes with many. What
 * they depend on is in the file: with other labels or another teacher they are compared again.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { DataError } from '../../base/errors.ts';
import { readSafetensors, type WeightTensor, writeSafetensors } from '../../weights/formats/safetensors.ts';
import type { TrainSettings } from '../settings-schema.ts';
import type { TeacherModel } from '../teacher.ts';
import type { Dataset } from './dataset.ts';
import { areTablesOf, type NearTables } from './near-labels.ts';

/** What the tables depend on: a number of this file's form, the labels of each source, how many are kept of each, and the teacher. */
export function nearLabelsKey(dataset: Dataset, teacher: TeacherModel, { labels, max_text_tokens }: TrainSettings): string {
  const { modelType, layers, hiddenSize } = teacher.encoder;
  const parts = [
    1,
    dataset.labelNames,
    labels.max,
    max_text_tokens,
    modelType,
    layers,
    hiddenSize,
    teacher.tokenizer.json,
    teacher.pooling,
  ];
  const hash = createHash('sha256').update(JSON.stringify(parts));
  for (const { labelSet } of dataset.sources) hash.update(`${labelSet.length}:`).update(labelSet);
  for (const [name, { data }] of teacher.weights)
    hash.update(`${name}:`).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest('hex');
}

/** The tensor whose name says what the others depend on. */
const KEY = 'key.';

/** The tables of a file, or undefined where it is not there, is of something else or is broken. */
export function readNearLabels(path: string, key: string, dataset: Dataset, maxLabels: number): NearTables | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const tensors = readSafetensors(path);
    if (!tensors.has(KEY + key)) return undefined;
    const tables = dataset.sources.map((_, source) => {
      const table = tensors.get(String(source))?.data;
      return table instanceof Int32Array ? table : undefined;
    });
    return areTablesOf(tables, dataset, maxLabels) ? tables : undefined;
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}

/** Writes the tables, atomically. @throws DataError when they cannot be written */
export function writeNearLabels(path: string, key: string, tables: NearTables): void {
  const tensors = new Map<string, WeightTensor>([[KEY + key, { shape: [0], data: new Int32Array(0) }]]);
  for (const [source, table] of tables.entries()) if (table) tensors.set(String(source), { shape: [table.length], data: table });
  writeSafetensors(path, tensors);
}
