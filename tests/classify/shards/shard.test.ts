/** Which records fall to a shard, and what makes two runs the same. */
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { UsageError } from '../../../src/base/errors.ts';
import { blockEnd, blockOf, blockOfNumber, numberOfBlock } from '../../../src/classify/records/record-blocks.ts';
import { inputIdentity, type RunIdentity, runDifference } from '../../../src/classify/shards/run-identity.ts';
import { hasBlock, ownersOf, parseShard, readsInput, shardOfManifest } from '../../../src/classify/shards/shard.ts';
import { temporaryFolder } from '../../tiny-checkpoint.ts';

it('blocks follow each other without a gap, the first ones small', () => {
  let place = 0;
  for (let block = 0; block < 6; block++) {
    expect([blockOf(place), blockOf(blockEnd(block) - 1)]).toEqual([block, block]);
    place = blockEnd(block);
  }
  expect([0, 1, 2, 3].map(blockEnd)).toEqual([64, 320, 1344, 2368]);
});

it('every block of every input falls to one shard, which reads the input; as many inputs as shards fall to them as wholes', () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 1e6 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), sizes, fc.integer({ min: 0, max: 2 ** 30 }), (of, inputs, block) => {
      const owners = ownersOf(inputs, of);
      expect(owners !== undefined).toBe(inputs.length >= of && of > 1);
      const shares = Array.from({ length: of }, (_, at) => ({ shard: { index: at + 1, of }, owners }));
      for (const input of inputs.keys()) {
        const own = shares.filter((share) => hasBlock(share, input, block));
        expect(own).toHaveLength(1);
        expect(readsInput(own[0], input)).toBe(true);
        expect(shares.filter((share) => readsInput(share, input))).toHaveLength(owners ? 1 : of);
      }
      // Nobody is left without one.
      if (owners) expect(new Set(owners).size).toBe(of);
    }),
  );
  expect(ownersOf([10, 30, 20, 20], 2)).toEqual([1, 1, 2, 2]);
});

it('numbers of blocks say the input and the block, and are in the order of both', () => {
  expect(numberOfBlock(0, 7)).toBe(7);
  for (const [input, block] of [
    [0, 0],
    [1, 0],
    [1e6, 2 ** 31],
  ])
    expect(blockOfNumber(numberOfBlock(input, block))).toEqual({ input, block });
  expect(numberOfBlock(1, 0)).toBeGreaterThan(numberOfBlock(0, 2 ** 31));
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
    return inputIdentity([path]);
  };
  const ids = ['one two', 'one twO', 'one two ', ''].map(of);
  expect(new Set(ids).size).toBe(4);
  expect(of('one two')).toBe(ids[0]);
  // Sparse: larger than what is hashed whole, and read in no time.
  truncateSync(path, 3 * 2 ** 30);
  expect(inputIdentity([path])).toMatch(/^3221225472 bytes, [0-9a-f]{64}$/);
  writeFileSync(path, 'one');
  const other = `${path}.other`;
  writeFileSync(other, 'two');
  expect(inputIdentity([path, other])).toMatch(/^2 files, [0-9a-f]{64}$/);
  expect(inputIdentity([other, path])).not.toBe(inputIdentity([path, other]));
});

it('says in what two runs differ', () => {
  const run: RunIdentity = {
    ...{ version: '1', input: 'i', precision: 'fp32', checkpoint: 'c', labels: 'l', questions: '', options: '{"topK":1}' },
  };
  expect(runDifference(run, { ...run })).toBeUndefined();
  expect(runDifference(run, { ...run, input: 'j' })).toBe('input');
  expect(runDifference(run, { ...run, version: '2' })).toBe('version of glz (1 and 2)');
  expect(runDifference(run, { ...run, precision: 'int8', checkpoint: 'd' })).toBe('precision (fp32 and int8)');
  expect(runDifference(run, { ...run, options: '{}' })).toBe('option topK');
});
