/** Which records fall to a shard, and what makes two runs the same. */
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { UsageError } from '../../../src/base/errors.ts';
import { blockEnd, blockOf } from '../../../src/classify/records/record-blocks.ts';
import { inputIdentity, type RunIdentity, runDifference } from '../../../src/classify/shards/run-identity.ts';
import { hasRecord, parseShard, shardOfManifest } from '../../../src/classify/shards/shard.ts';
import { temporaryFolder } from '../../tiny-checkpoint.ts';

it('blocks follow each other without a gap, the first ones small', () => {
  let place = 0;
  for (let block = 0; block < 6; block++) {
    expect([blockOf(place), blockOf(blockEnd(block) - 1)]).toEqual([block, block]);
    place = blockEnd(block);
  }
  expect([0, 1, 2, 3].map(blockEnd)).toEqual([64, 320, 1344, 2368]);
});

it('every record falls to one shard', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 2 ** 40 }), (of, place) => {
      const owners = Array.from({ length: of }, (_, at) => ({ index: at + 1, of })).filter((shard) => hasRecord(shard, place));
      expect(owners).toHaveLength(1);
    }),
  );
});

it('reads i/n and refuses all else', () => {
  expect(parseShard('3/8')).toEqual({ index: 3, of: 8 });
  for (const wrong of ['9/8', '0/8', '1/0', '1', 'a/b', '-1/8', '1/8/2', '1.5/8', '1/9999999', ' 1/8', ''])
    expect(() => parseShard(wrong)).toThrow(UsageError);
});

it('knows manifests of an output by their names, whatever it is called', () => {
  expect(shardOfManifest('a/out[1].jsonl', 'out[1].jsonl.3-of-8.manifest')).toEqual({ index: 3, of: 8 });
  for (const other of ['out.jsonl.3-of-8.manifest', 'out[1].jsonl.3-of-8', 'out[1].jsonl.9-of-8.manifest', 'out[1].jsonl.0-of-8.manifest'])
    expect(shardOfManifest('a/out[1].jsonl', other)).toBeUndefined();
});

it('an input is another where a byte or its length is', () => {
  const path = join(temporaryFolder(), 'input');
  const of = (content: string) => {
    writeFileSync(path, content);
    return inputIdentity(path);
  };
  const ids = ['one two', 'one twO', 'one two ', ''].map(of);
  expect(new Set(ids).size).toBe(4);
  expect(of('one two')).toBe(ids[0]);
  // Sparse: larger than what is hashed whole, and read in no time.
  truncateSync(path, 3 * 2 ** 30);
  expect(inputIdentity(path)).toMatch(/^3221225472 bytes, [0-9a-f]{64}$/);
});

it('says in what two runs differ', () => {
  const run: RunIdentity = { version: '1', input: 'i', checkpoint: 'c', labels: 'l', questions: '', options: '{"topK":1}' };
  expect(runDifference(run, { ...run })).toBeUndefined();
  expect(runDifference(run, { ...run, input: 'j' })).toBe('input');
  expect(runDifference(run, { ...run, version: '2' })).toBe('version of glz (1 and 2)');
  expect(runDifference(run, { ...run, options: '{}' })).toBe('option topK');
});
