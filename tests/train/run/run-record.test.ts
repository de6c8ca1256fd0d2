/** Of a folder a run replaces and removes what runs wrote there, and nothing else. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataError, UsageError } from '../../../src/base/errors.ts';
import { holdsRun, openRunLog } from '../../../src/train/run/run-folder.ts';
import {
  claimRunFolder,
  clearRun,
  finishRun,
  isFinished,
  lockRunFolder,
  refuseForeignFiles,
  removeLeftovers,
} from '../../../src/train/run/run-record.ts';
import { temporaryFolder } from '../../tiny-checkpoint.ts';

function fill(folder: string, names: readonly string[]): string {
  for (const name of names) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), '');
  }
  return folder;
}
const under = (folder: string) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
const RESULTS = ['states/step-9/state.json', 'states/step-9/model.safetensors', 'best/config.json', 'final/training.json', 'report.html'];

/** A folder in which a run was begun and has results. */
function runFolder(): string {
  const folder = temporaryFolder();
  refuseForeignFiles(folder, false);
  claimRunFolder(folder);
  openRunLog(folder, 0).close();
  return fill(folder, [...RESULTS, 'settings.json']);
}

describe('the folder of a run', () => {
  it('is cleared of its results', () => {
    const folder = runFolder();
    expect(holdsRun(folder)).toBe(true);
    clearRun(folder);
    expect([under(folder), holdsRun(folder)]).toEqual([['run.json', 'settings.json'], false]);
  });

  it('is cleared of nothing else', () => {
    const folder = runFolder();
    const mine = [
      'notes.txt',
      'x.tmp',
      'best/README.md',
      'final/onnx/model.onnx',
      'states/step-9/notes.txt',
      'states/keep/state.json',
      'tensorboard/events.out.tfevents.1700000000.host.1.0',
      'tensorboard/other/x',
    ];
    fill(folder, mine);
    clearRun(folder);
    removeLeftovers(folder);
    const files = under(folder).filter((name) => /\.\w+$|\/x$/.test(name) && !['run.json', 'settings.json'].includes(name));
    expect(files).toEqual([...mine].sort());
    // What is left is no run, and does not stand in the way of one.
    expect(holdsRun(folder)).toBe(false);
    refuseForeignFiles(folder, false);
  });

  it.each([...RESULTS, 'tensorboard/x', 'training.jsonl', 'bad-batch.json', 'settings.json', 'near-labels.safetensors', 'run.json'])(
    'that holds %s of somebody else is refused, with --resume too, and nothing in it changed',
    (name) => {
      const folder = fill(temporaryFolder(), [name, 'notes.txt']);
      const before = under(folder);
      const [first] = name.split('/');
      expect(() => refuseForeignFiles(folder, false)).toThrow(UsageError);
      expect(() => refuseForeignFiles(folder, false)).toThrow(new RegExp(`holds ${first}, which a run would replace`));
      const isRun = /^(states|final)/.test(name);
      if (isRun && /state\.json|training\.json/.test(name)) refuseForeignFiles(folder, true);
      else expect(() => refuseForeignFiles(folder, true)).toThrow(UsageError);
      clearRun(folder);
      removeLeftovers(folder);
      expect(under(folder)).toEqual(before);
    },
  );

  it('loses its states when the run is done, and nothing else; a run that begins there anew is not done', () => {
    const folder = runFolder();
    const mine = ['states/step-9/notes.txt', 'states/keep/state.json', 'states/step-10/sub/x', 'notes.txt'];
    fill(folder, [...mine, 'states/step-10/state.json', 'states/step-10/optimizer.safetensors']);
    const others = under(folder).filter((name) => !/step-(9|10)\/(state\.json|.*safetensors)$/.test(name));
    expect(isFinished(folder, 'end')).toBe(false);
    finishRun(folder, 'end');
    expect(under(folder)).toEqual(others);
    expect(isFinished(folder, 'end')).toBe(true);
    expect(() => isFinished(folder, 'another end')).toThrow(UsageError);
    expect(() => isFinished(folder, 'another end')).toThrow(/finished run with other settings or data.*--checkpoint/);
    clearRun(folder);
    expect(isFinished(folder, 'another end')).toBe(false);
  });

  it('whose states were not all removed when it ended is gone on with', () => {
    const folder = runFolder();
    finishRun(folder, 'end');
    fill(folder, ['states/step-9/state.json']);
    expect([isFinished(folder, 'end'), isFinished(folder, 'other')]).toEqual([false, false]);
  });

  it("keeps the states that no record calls the run's", () => {
    const folder = fill(temporaryFolder(), ['states/step-9/state.json']);
    finishRun(folder, 'end');
    expect(under(folder)).toEqual(['states', 'states/step-9', 'states/step-9/state.json']);
  });

  it('may hold other files', () => {
    const folder = fill(temporaryFolder(), ['data.jsonl', 'x.tmp', 'y.tmp.old/z', 'reports/report.html']);
    refuseForeignFiles(folder, false);
    claimRunFolder(folder);
    removeLeftovers(folder);
    expect(under(folder)).toEqual(['data.jsonl', 'reports', 'reports/report.html', 'run.json', 'x.tmp', 'y.tmp.old', 'y.tmp.old/z']);
  });

  it('of a run that kept no record is recorded when it is resumed', () => {
    const folder = fill(temporaryFolder(), [...RESULTS, 'tensorboard/events.out.tfevents.1700000000.host.1.0', 'tensorboard/mine']);
    refuseForeignFiles(folder, true);
    claimRunFolder(folder);
    refuseForeignFiles(folder, false);
    clearRun(folder);
    expect(under(folder)).toEqual(['run.json', 'tensorboard', 'tensorboard/mine']);
  });

  it('lists each event file before it is written, and stays as it is when it is claimed again', () => {
    const folder = runFolder();
    openRunLog(folder, 0).close();
    const record = readFileSync(join(folder, 'run.json'), 'utf8');
    const { events } = JSON.parse(record) as { events: string[] };
    expect([...new Set(events)].sort()).toEqual(readdirSync(join(folder, 'tensorboard')).sort());
    claimRunFolder(folder);
    expect(readFileSync(join(folder, 'run.json'), 'utf8')).toBe(record);
  });

  it('is trained in by one process', () => {
    const folder = join(temporaryFolder(), 'a/b');
    const lock = lockRunFolder(folder);
    expect(() => lockRunFolder(folder)).toThrow(DataError);
    expect(() => lockRunFolder(folder)).toThrow(/a\/b is in use: glz with the process number \d+ writes it/);
    lock.release();
    expect(existsSync(folder)).toBe(false);
  });
});
