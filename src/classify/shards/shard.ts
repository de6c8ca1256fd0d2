/** A share of an input's records: which they are, and what its files are called. Whole blocks, so that they are batched as in a run of all. */
import { basename } from 'node:path';
import { UsageError } from '../../base/errors.ts';

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

/** How inputs are dealt out. */
export interface Share {
  shard: Shard;
  /** Of each input the shard, from 1, to which it falls as a whole; undefined: the blocks of all inputs go round. */
  owners?: readonly number[];
}

/**
 * Deals inputs out as wholes, where there are as many as shards or more: nobody reads what is another's. The largest first, each to the shard that has
 * the least yet; the same on every machine.
 * @param sizes of the inputs in bytes
 */
export function ownersOf(sizes: readonly number[], of: number): number[] | undefined {
  if (sizes.length < of || of === 1) return undefined;
  const loads = Array.from({ length: of }, (_, at) => ({ index: at + 1, bytes: 0, inputs: 0 }));
  const owners = new Array<number>(sizes.length);
  for (const input of [...sizes.keys()].sort((a, b) => sizes[b] - sizes[a] || a - b)) {
    const least = loads.reduce((best, each) =>
      each.bytes < best.bytes || (each.bytes === best.bytes && each.inputs < best.inputs) ? each : best,
    );
    owners[input] = least.index;
    least.bytes += sizes[input];
    least.inputs++;
  }
  return owners;
}

/** Whether a shard has to read an input, from 0. */
export const readsInput = ({ shard, owners }: Share, input: number): boolean => !owners || owners[input] === shard.index;

/** Whether a block of an input falls to a shard. Blocks go round, so that nobody has to know how many there are. */
export const hasBlock = ({ shard, owners }: Share, input: number, block: number): boolean =>
  owners ? owners[input] === shard.index : (input + block) % shard.of === shard.index - 1;

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
