/** Records in chunks that are scored together: a block of record-blocks.ts, or a part of one where much is held for it or it takes long. */

import { DataError } from '../../base/errors.ts';
import { MissingColumnError } from '../../data/examples.ts';
import type { SourceRecord } from '../../data/read-records.ts';
import type { PreparedRecord } from './prepared-record.ts';
import { blockEnd, blockOf } from './record-blocks.ts';
import { untilAborted } from './until-aborted.ts';

/** How records are put into chunks. */
export interface ChunkOptions {
  /** Whether what each word adds to the best labels comes out too. */
  explain?: boolean;
  /** Called for a record that cannot be labelled, which is then left out; without it the first one is thrown. */
  onBadRecord?: (error: DataError) => void;
  /**
   * Ends the labelling after the batch that runs: what is labelled comes out, in order. While records are waited for nothing runs:
   * those that were read are then labelled, and the wait ends.
   */
  signal?: AbortSignal;
}

/** Records that are scored together. */
export interface Chunk {
  records: PreparedRecord[];
  /** The block that ends with them. */
  ends?: number;
}

/** Records of a chunk that are explained: each takes longer. */
const EXPLAINED_AT_MOST = 64;

/** Scores that are held for a chunk at most, 32 MB: of 100,000 labels some 80 records are held together, of a million those that share a pass. */
const HELD_SCORES = 1 << 23;

/** The records in chunks, in order; of an error while reading what came before it first. @throws as `records` and `prepare` */
export async function* recordChunks(
  records: AsyncIterable<SourceRecord>,
  prepare: (read: SourceRecord) => Promise<PreparedRecord>,
  options: ChunkOptions,
): AsyncGenerator<Chunk> {
  let chunk: PreparedRecord[] = [];
  let scores = 0;
  let block: number | undefined;
  let read = 0;
  const take = (ends?: number): Chunk => {
    const taken = { records: chunk, ends };
    chunk = [];
    scores = 0;
    if (ends !== undefined) block = undefined;
    return taken;
  };
  try {
    for await (const record of untilAborted(records, options.signal)) {
      const number = record.number ?? read++;
      if (block !== undefined && block !== blockOf(number)) yield take(block);
      block = blockOf(number);
      try {
        const prepared = await prepare(record);
        chunk.push(prepared);
        scores += prepared.labels.length;
      } catch (error) {
        // Of a table without the column no row can be labelled: said once.
        if (!options.onBadRecord || !(error instanceof DataError) || error instanceof MissingColumnError) throw error;
        options.onBadRecord(error);
      }
      if (number + 1 === blockEnd(block)) yield take(block);
      else if (scores >= HELD_SCORES || (options.explain && chunk.length >= EXPLAINED_AT_MOST)) yield take();
    }
  } catch (error) {
    if (chunk.length > 0) yield take();
    throw error;
  }
  if (block !== undefined) yield take(options.signal?.aborted ? undefined : block);
}
