/** What makes a run: two parts fit together, and a part is gone on with, only where all of it is the same. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { DataError, errorMessage } from '../../base/errors.ts';
import type { LabelSet } from '../../text/label-texts.ts';

/** Short texts and hashes, by what they are of; their order is that in which differences are named. */
export interface RunIdentity {
  /** Version of glz. */
  version: string;
  /** Bytes of the input, and a hash of them; of several how many there are, and a hash of what is said of each. */
  input: string;
  /** Precision that the checkpoint computes with. */
  precision: string;
  /** Hash of the checkpoint with its tokenizer and calibration, and the precision. */
  checkpoint: string;
  /** Hash of the labels of all records; `records` where they have their own. */
  labels: string;
  /** Hash of the questions; empty where labels are asked for. */
  questions: string;
  /** Options that change what comes out, as JSON. */
  options: string;
}

const hashOf = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** Of a larger input so many pieces of so many bytes are hashed, evenly spread: reading all of it would take each shard minutes. */
const PIECES = 1024;
const PIECE = 1 << 20;

/** Bytes of a file and a hash of them, of a larger one of so many pieces. @throws DataError where it cannot be read */
function fileIdentity(path: string, pieces: number): string {
  try {
    const { size } = statSync(path);
    const hash = createHash('sha256');
    const piece = Buffer.alloc(Math.min(PIECE, Math.max(1, size)));
    const step = Math.max(PIECE, (size - PIECE) / (pieces - 1));
    const fd = openSync(path, 'r');
    try {
      for (let number = 0; Math.floor(number * step) < size; number++) {
        const read = readSync(fd, piece, 0, piece.length, Math.floor(number * step));
        hash.update(piece.subarray(0, read));
      }
    } finally {
      closeSync(fd);
    }
    return `${size} bytes, ${hash.digest('hex')}`;
  } catch (error) {
    throw new DataError(`cannot read ${path}: ${errorMessage(error)}`);
  }
}

/** Bytes of inputs and hashes of them; of more than 1 GB of all together a hash of 1,024 pieces. @throws DataError where one cannot be read */
export function inputIdentity(paths: readonly string[]): string {
  const pieces = Math.max(2, Math.floor(PIECES / paths.length));
  const each = paths.map((path) => fileIdentity(path, pieces));
  return each.length === 1 ? each[0] : `${each.length} files, ${hashOf(each.join('\n'))}`;
}

/** What a run is made of. */
export interface Run {
  version: string;
  /** {@link inputIdentity} of what is read. */
  input: string;
  /** {@link LoadedClassifier.identity} of the checkpoint. */
  checkpoint: string;
  precision: 'fp32' | 'int8';
  labels: LabelSet | undefined;
  /** File of questions. */
  questions: string | undefined;
  options: Readonly<Record<string, unknown>>;
}

/** The identity of a run. */
export function runIdentity({ version, input, precision, checkpoint, labels, questions, options }: Run): RunIdentity {
  return {
    version,
    input,
    precision,
    checkpoint,
    labels: questions !== undefined ? '' : labels ? `${labels.labels.length} labels, ${hashOf(JSON.stringify(labels))}` : 'records',
    questions: questions === undefined ? '' : hashOf(readFileSync(questions)),
    options: JSON.stringify(options, Object.keys(options).sort()),
  };
}

/** In what two runs differ, in words: `labels (8 labels here, 9 there)`; undefined where they are the same. */
export function runDifference(one: RunIdentity, other: RunIdentity): string | undefined {
  for (const name of ['version', 'input', 'precision', 'checkpoint', 'labels', 'questions', 'options'] as const) {
    if (one[name] === other[name]) continue;
    if (name === 'version') return `version of glz (${one.version} and ${other.version})`;
    if (name === 'precision') return `precision (${one.precision} and ${other.precision})`;
    if (name !== 'options') return name;
    const [first, second] = [one, other].map(({ options }) => JSON.parse(options) as Record<string, unknown>);
    const names = [...new Set([...Object.keys(first), ...Object.keys(second)])];
    const option = names.find((each) => JSON.stringify(first[each]) !== JSON.stringify(second[each]));
    return option === undefined ? 'options' : `option ${option}`;
  }
  return undefined;
}
