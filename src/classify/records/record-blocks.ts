/**
 * Blocks of records that are read, batched and scored together, by a record's place in its source alone: whoever labels a block, of a
 * whole file or of a shard of it, makes the same batches of it. The first ones are small, so that the first results show soon.
 */
import type { SourceRecord } from '../../data/read-records.ts';

/** Where the first blocks end; those behind them are of {@link BLOCK} records each. */
const FIRST_ENDS = [64, 320] as const;

/** Records of a block. */
const BLOCK = 1024;

/** The place behind the last record of a block. */
export const blockEnd = (block: number): number =>
  block < FIRST_ENDS.length ? FIRST_ENDS[block] : FIRST_ENDS[FIRST_ENDS.length - 1] + BLOCK * (block - FIRST_ENDS.length + 1);

/** The block, from 0, of the record at a place, from 0. */
export function blockOf(place: number): number {
  const first = FIRST_ENDS.findIndex((end) => place < end);
  return first >= 0 ? first : FIRST_ENDS.length + Math.floor((place - FIRST_ENDS[FIRST_ENDS.length - 1]) / BLOCK);
}

/** Blocks that an input may have: those of several are told apart by numbers. */
const INPUT_BLOCKS = 2 ** 32;

/** A block's number among those of several inputs: the blocks of the first input come first. Of the first input it is the block's own. */
export const numberOfBlock = (input: number, block: number): number => input * INPUT_BLOCKS + block;

/** The input, from 0, and the block in it, that a number stands for. */
export const blockOfNumber = (number: number): { input: number; block: number } => ({
  input: Math.floor(number / INPUT_BLOCKS),
  block: number % INPUT_BLOCKS,
});

/** Records with their places: as the reader says, which then left out what is not wanted, or counted and left out here. */
export async function* withPlaces(
  records: AsyncIterable<SourceRecord>,
  isWanted: (place: number) => boolean,
): AsyncGenerator<SourceRecord> {
  let place = 0;
  for await (const record of records) {
    if (record.number !== undefined) yield record;
    else {
      const number = place++;
      if (isWanted(number)) yield { ...record, number };
    }
  }
}
