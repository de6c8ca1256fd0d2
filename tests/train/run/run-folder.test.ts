import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '../../../src/base/errors.ts';
import { checkDiskSpace, checkOutputFolder, diskSpace, readNewestState, readRunLog } from '../../../src/train/run/run-folder.ts';
import { temporaryFolder } from '../../tiny-checkpoint.ts';

/** Weights of so many elements, of which nothing but the number is looked at. */
const weightsOf = (length: number) => new Map([['w', { shape: [length], data: { length } as unknown as Float32Array }]]);

describe('a state that is damaged', () => {
  const good = { step: 5, identity: 'a', withoutGain: 0, snapshots: 0 };
  it.each<[string, string, string]>([
    ['no JSON', '{"step":5', 'state.json: not JSON'],
    ['a list', '[]', 'state.json: '],
    ['half a step', JSON.stringify({ ...good, step: 58.5 }), 'field "step"'],
    ['more steps than there are numbers', '{"step":1e300,"identity":"a","withoutGain":0,"snapshots":0}', 'field "step"'],
    ['another step', JSON.stringify({ ...good, step: 6 }), 'field "step" is 6 in the state of step 5'],
    ['a score that is text', JSON.stringify({ ...good, best: { step: 1, score: 'high' } }), 'field "best.score"'],
    ['a count below zero', JSON.stringify({ ...good, snapshots: -1 }), 'field "snapshots"'],
  ])('is not gone on from: %s', (_, text, message) => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'states/step-5'), { recursive: true });
    writeFileSync(join(folder, 'states/step-5/state.json'), text);
    expect(() => readNewestState(folder, 'a')).toThrow(DataError);
    expect(() => readNewestState(folder, 'a')).toThrow(message);
  });

  it('in the log costs the lines that are none', () => {
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, 'training.jsonl'),
      '{"step":1,"loss":2}\n[]\nnull\n{"step":"2"}\n{"step":3,"sets":{"a":"b"}}\n{"step":4,"lo',
    );
    expect(readRunLog(folder)).toEqual([{ step: 1, loss: 2 }]);
  });
});

describe('the folder of a run', () => {
  it('is refused before training where its disk cannot hold the states', () => {
    const folder = temporaryFolder();
    const { free } = diskSpace(folder, weightsOf(1), 2);
    // Four states of three arrays of float32: one byte more than is free.
    expect(() => checkDiskSpace(folder, weightsOf(free), 2)).toThrow(DataError);
    expect(() => checkDiskSpace(join(folder, 'not/there/yet'), weightsOf(free), 2)).toThrow(
      /MB are free, the run needs \d+ MB for its states/,
    );
    expect(() => checkDiskSpace(folder, weightsOf(10), 2)).not.toThrow();
    expect(diskSpace(folder, weightsOf(1000), 2).needed).toBe(48_000);
    // States that are there already need no space again.
    mkdirSync(join(folder, 'states/step-5'), { recursive: true });
    writeFileSync(join(folder, 'states/step-5/state.json'), '');
    expect(diskSpace(folder, weightsOf(1000), 2).needed).toBe(36_000);
  });

  it('is tried out, without a trace: refused below a file, only looked at in a dry run', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'empty'));
    checkOutputFolder(join(folder, 'empty'), true);
    for (const create of [true, false]) checkOutputFolder(join(folder, 'a/b'), create);
    expect(readdirSync(folder)).toEqual(['empty']);
    writeFileSync(join(folder, 'file'), '');
    for (const create of [true, false])
      expect(() => checkOutputFolder(join(folder, 'file/run'), create)).toThrow(/cannot write into .*file\/run: .*choose another --output/);
  });
});
