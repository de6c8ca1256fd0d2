/** A share of an input's records: which they are, and what its files are called. Whole blocks, so that they are batched as in a run of all. */
import { basename } from 'node:path';
import { UsageError } from '../../base/errors.ts';
import { blockOf } from '../records/record-blocks.ts';

/** Shard `index`, from 1, of `of`. */
export interface Shard {
  index: number;
  of: number;
}

/** More shards than anybody has machines. */
const MOST_SHARDS = 1_000_000;

/** `3/8`. @throws UsageError that says what is expected */
export function parseShard(text: string): Shard {
  const [, index, of] = /^(\d{1,7})\/(\d{1,7})$/.exec(text)?.map(Number) ?? [];
  if (!(of >= 1 && of <= MOST_SHARDS && index >= 1 && index <= of))
    throw new UsageError(`--shard ${text}: expected i/n, the shard and how many there are, with i from 1 to n: 3/8`);
  return { index, of };
}

/** Whether a block of records falls to a shard. Blocks go round, so that nobody has to know how many there are. */
export const hasBlock = ({ index, of }: Shard, block: number): boolean => block % of === index - 1;

/** Whether the record at a place, from 0, falls to a shard. */
export const hasRecord = (shard: Shard, place: number): boolean => hasBlock(shard, blockOf(place));

/** `OUT.3-of-8` */
export const partPath = (output: string, { index, of }: Shard): string => `${output}.${index}-of-${of}`;

/** Beside a part: what run it is of and what it holds. */
export const manifestPath = (part: string): string => `${part}.manifest`;

/** What a part is called until it is complete. */
export const unfinishedPath = (part: string): string => `${part}.partial`;

/** The shard that a manifest's name says it is of, if it is one of `output`. */
export function shardOfManifest(output: string, name: string): Shard | undefined {
  const start = `${basename(output)}.`;
  if (!name.startsWith(start)) return undefined;
  const [, index, of] = /^(\d{1,7})-of-(\d{1,7})\.manifest$/.exec(name.slice(start.length))?.map(Number) ?? [];
  return index >= 1 && index <= of ? { index, of } : undefined;
}
