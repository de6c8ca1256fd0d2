/** How many records a file has, while it is read. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { recordEstimate } from '../../../src/classify/records/record-estimate.ts';
import { readRecords } from '../../../src/data/read-records.ts';
import { temporaryFolder } from '../../tiny-checkpoint.ts';

const folder = temporaryFolder();

/** Estimates after so many records each, and after all. */
async function estimates(name: string, content: string | Buffer, at: readonly number[]): Promise<(number | undefined)[]> {
  const path = join(folder, name);
  writeFileSync(path, content);
  const total = recordEstimate(path);
  const found: (number | undefined)[] = [];
  let read = 0;
  for await (const _ of total.counted(readRecords(path, { onBytes: total.onBytes }))) if (at.includes(++read)) found.push(total.estimate());
  return [...found, total.estimate()];
}

describe('recordEstimate', () => {
  const alike = `${JSON.stringify({ text: 'the train was late again today, and nobody said why; '.repeat(8) })}\n`.repeat(3000); // 1.3 MB

  it('is near from the first record on, however far ahead the file is read, and exact in the end', async () => {
    const [first, later, last] = await estimates('alike.jsonl', alike, [1, 2200]);
    for (const each of [first, later]) expect(Math.abs(each! / 3000 - 1)).toBeLessThan(0.01);
    expect(last).toBe(3000);
    expect(await estimates('small.txt', 'one\ntwo\nthree', [1])).toEqual([3, 3]);
  });

  it('follows the records where the lines at the start are not like the others', async () => {
    const long = `${JSON.stringify({ text: 'long '.repeat(4000) })}\n`.repeat(50); // 1 MB
    const short = `${JSON.stringify({ text: 'short '.repeat(20) })}\n`.repeat(7500); // 1 MB
    const [first, middle, late] = await estimates('uneven.jsonl', long + short, [1, 3750, 7250]);
    expect(first).toBeLessThan(125);
    expect(middle).toBeGreaterThanOrEqual(3750);
    expect(Math.abs(late! / 7550 - 1)).toBeLessThan(0.2);
  });

  it('is unknown of the first piece of a compressed file, and of a pipe', async () => {
    expect(await estimates('a.jsonl.gz', gzipSync(alike), [1])).toEqual([undefined, 3000]);
    const total = recordEstimate('-');
    total.onBytes(100);
    total.onBytes(200);
    expect(total.estimate()).toBeUndefined();
  });
});
