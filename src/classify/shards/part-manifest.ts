/**
 * The manifest of a part: lines of JSON, one for the run, one for each block of records that is in the part, and one that says it is complete.
 * A run that was killed leaves a manifest without the last one, and perhaps half a line, which counts as none.
 */
import { readFileSync } from 'node:fs';
import { DataError, errorMessage } from '../../base/errors.ts';
import type { BlockName } from '../records/output-file.ts';
import type { RunIdentity } from './run-identity.ts';
import type { Shard } from './shard.ts';

/** Raised when what a manifest says or a part is made of changes. */
const PARTS_FORMAT = 3;

/** The first line. */
export interface PartHead {
  glz: 'part';
  format: number;
  shard: string;
  run: RunIdentity;
}

/** Bytes of a part. */
export interface PartBlock {
  block: BlockName;
  records: number;
  bytes: number;
  sha256: string;
}

/** The last line. */
export interface PartEnd {
  /** Records of each input, malformed ones counted; null of those that fall to other shards. */
  inputs: (number | null)[];
}

/** What a manifest says. */
export interface PartManifest {
  head: PartHead;
  blocks: PartBlock[];
  end?: PartEnd;
  /** Bytes of its whole lines. */
  size: number;
}

/** The first line of a shard's manifest. */
export const partHead = ({ index, of }: Shard, run: RunIdentity): PartHead => ({
  glz: 'part',
  format: PARTS_FORMAT,
  shard: `${index}/${of}`,
  run,
});

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const isHead = (value: Record<string, unknown>): boolean =>
  value.glz === 'part' && value.format === PARTS_FORMAT && typeof value.run === 'object' && value.run !== null;

const isBlock = ({ block, records, bytes, sha256 }: Record<string, unknown>): boolean =>
  (block === 'header' || block === 'end' || isCount(block)) && isCount(records) && isCount(bytes) && typeof sha256 === 'string';

const isEnd = ({ inputs }: Record<string, unknown>): boolean =>
  Array.isArray(inputs) && inputs.length > 0 && inputs.every((each) => each === null || isCount(each));

/**
 * Reads a manifest; undefined where there is none, or not a whole line.
 * @throws DataError for one that cannot be read or holds something else
 */
export function readManifest(path: string): PartManifest | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new DataError(`cannot read ${path}: ${errorMessage(error)}`);
  }
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  let manifest: PartManifest | undefined;
  for (const [at, line] of whole.split('\n').slice(0, -1).entries()) {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      value = undefined;
    }
    const fields = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
    if (at === 0 && isHead(fields)) manifest = { head: value as PartHead, blocks: [], size: Buffer.byteLength(whole) };
    else if (manifest && !manifest.end && isBlock(fields)) manifest.blocks.push(value as PartBlock);
    else if (manifest && !manifest.end && isEnd(fields)) manifest.end = value as PartEnd;
    else
      throw new DataError(
        `${path}, line ${at + 1}: not what this version of glz writes into a manifest; delete it and its part to begin anew`,
      );
  }
  return manifest;
}
