/** Files of records that tests write and read. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ReadOptions, readRecords, type SourceRecord } from '../../src/data/read-records.ts';
import { temporaryFolder } from '../tiny-checkpoint.ts';

const folder = temporaryFolder();
let files = 0;

/** A new file with this content; its name ends as given. */
export function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, `${files++}-${name}`);
  writeFileSync(path, content);
  return path;
}

/** All records of a file. */
export async function all(path: string, options?: ReadOptions): Promise<SourceRecord[]> {
  const records: SourceRecord[] = [];
  for await (const record of readRecords(path, options)) records.push(record);
  return records;
}
