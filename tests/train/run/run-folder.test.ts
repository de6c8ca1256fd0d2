import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '../../../src/base/errors.ts';
import { checkDiskSpace, checkOutputFolder, clearRun, diskSpace, holdsRun } from '../../../src/train/run/run-folder.ts';
import { temporaryFolder } from '../../tiny-checkpoint.ts';

/** Weights of so many elements, of which nothing but the number is looked at. */
const weightsOf = (length: number) => new Map([['w', { shape: [length], data: { length } as unknown as Float32Array }]]);

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
    expect(diskSpace(folder, weightsOf(1000), 2).needed).toBe(36_000);
  });

  it('is tried out: made where it can be, refused below a file, only looked at in a dry run', () => {
    const folder = temporaryFolder();
    checkOutputFolder(join(folder, 'a/b'), true);
    expect(readdirSync(join(folder, 'a/b'))).toEqual([]);
    checkOutputFolder(join(folder, 'c/d'), false);
    expect(existsSync(join(folder, 'c'))).toBe(false);
    writeFileSync(join(folder, 'file'), '');
    for (const create of [true, false])
      expect(() => checkOutputFolder(join(folder, 'file/run'), create)).toThrow(/cannot write into .*file\/run: .*choose another --output/);
  });

  it('is cleared of a run and of nothing else', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'states/step-9'), { recursive: true });
    for (const name of ['best', 'final', 'tensorboard']) mkdirSync(join(folder, name));
    for (const name of ['training.jsonl', 'report.html', 'notes.txt']) writeFileSync(join(folder, name), '');
    expect(holdsRun(folder)).toBe(true);
    clearRun(folder);
    expect(readdirSync(folder)).toEqual(['notes.txt']);
    expect(holdsRun(folder)).toBe(false);
  });
});
