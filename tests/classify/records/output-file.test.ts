/** Where results go: complete or not there, and nothing of an earlier run is spoiled. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DataError, UsageError } from '../../../src/base/errors.ts';
import { ownMark } from '../../../src/base/locks/process-mark.ts';
import { openOutput } from '../../../src/classify/records/output-file.ts';
import { ROOT, temporaryFolder } from '../../tiny-checkpoint.ts';

const read = (path: string) => readFileSync(path, 'utf8');

describe('openOutput', () => {
  it('touches nothing before there is something to write, and leaves an older partial file unless it has newer results', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'out.jsonl');
    writeFileSync(`${path}.partial`, 'earlier\n');
    const nothing = openOutput(path);
    expect(await nothing.keep()).toBeUndefined();
    const whole = openOutput(path);
    await whole.write('one\n');
    await whole.finish();
    expect([read(path), read(`${path}.partial`), readdirSync(folder).length]).toEqual(['one\n', 'earlier\n', 2]);
    const part = openOutput(path);
    await part.write('two\n');
    expect(read(`${path}.partial`)).toBe('earlier\n');
    expect(await part.keep()).toBe(`${path}.partial`);
    expect([read(path), read(`${path}.partial`), readdirSync(folder).length]).toEqual(['one\n', 'two\n', 2]);
  });

  it('is written by one run at a time', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'out.jsonl');
    symlinkSync('out.jsonl', join(folder, 'link'));
    const first = openOutput(path);
    for (const name of [path, join(folder, 'link')])
      expect(() => openOutput(name)).toThrow(/out\.jsonl is in use: glz with the process number/);
    await first.write('one\n');
    await first.finish();
    const second = openOutput(path);
    await second.write('two\n');
    await second.keep();
    await openOutput(path).keep();
    expect(readdirSync(folder).sort()).toEqual(['link', 'out.jsonl', 'out.jsonl.partial']);
  });

  it('removes what killed runs left of this very file once it is complete, and nothing else', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'out.jsonl');
    // Of a number that no process can have.
    const [name, , start, place] = ownMark().split('-');
    const dead = [name, 2 ** 31 - 1, start, place].join('-');
    const left = `${path}.${dead}.0123abcd.tmp`;
    const others = [
      `${path}.0123abcd.tmp`,
      `${path}.tmp`,
      `${folder}/other.jsonl.${dead}.0123abcd.tmp`,
      `${path}.glz-1-0123abcd-0123abcd.0123abcd.tmp`,
    ];
    for (const each of [left, ...others]) writeFileSync(each, 'earlier\n');
    const stopped = openOutput(path);
    await stopped.write('one\n');
    await stopped.keep();
    expect(read(left)).toBe('earlier\n');
    const whole = openOutput(path);
    await whole.write('two\n');
    await whole.finish();
    expect(existsSync(left)).toBe(false);
    for (const each of others) expect(read(each)).toBe('earlier\n');
    expect(readdirSync(folder).length).toBe(others.length + 2);
  });

  it('makes an empty file of no results', async () => {
    const path = join(temporaryFolder(), 'out.jsonl');
    await openOutput(path).finish();
    expect(read(path)).toBe('');
  });

  it('makes the folder, which goes again where nothing was written', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'new/deeper/out.jsonl');
    expect(await openOutput(path).keep()).toBeUndefined();
    openOutput(path).discard!();
    expect(readdirSync(folder)).toEqual([]);
    const part = openOutput(path);
    await part.write('one\n');
    await part.keep();
    expect(readdirSync(join(folder, 'new/deeper'))).toEqual(['out.jsonl.partial']);
    const whole = openOutput(join(folder, 'other/out.jsonl'));
    await whole.write('one\n');
    await whole.finish();
    expect(readdirSync(join(folder, 'other'))).toEqual(['out.jsonl']);
  });

  it('refuses a folder, and a place where no file can be made, before anything is written', () => {
    const folder = temporaryFolder();
    for (const path of [folder, join(folder, 'new/'), '']) expect(() => openOutput(path)).toThrow(UsageError);
    writeFileSync(join(folder, 'file'), '');
    expect(() => openOutput(join(folder, 'file/new/out.jsonl'))).toThrow(
      new DataError(`cannot write ${folder}/file/new/out.jsonl: not a directory`),
    );
    // By way of a folder that is not there nothing can be reached.
    const roundabout = `${folder}/none/../out.jsonl`;
    expect(() => openOutput(roundabout)).toThrow(new DataError(`cannot write ${roundabout}: no such file or directory`));
    symlinkSync('loop', join(folder, 'loop'));
    expect(() => openOutput(join(folder, 'loop'))).toThrow(DataError);
  });

  it('writes over a file that it may write, in a folder where it may make none', () => {
    if (process.platform === 'win32') return;
    // Not in the suite's own folder, which no other user may enter.
    const folder = mkdtempSync('/tmp/glz-output-');
    const path = join(folder, 'out.jsonl');
    writeFileSync(path, 'what was there before, and is longer\n');
    chmodSync(path, 0o666);
    chmodSync(folder, 0o555);
    const script = `
      import { readFileSync } from 'node:fs';
      import { openOutput } from ${JSON.stringify(join(ROOT, 'dist/classify/records/output-file.js'))};
      const path = ${JSON.stringify(path)};
      const seen = [];
      const see = (kept) => seen.push([kept ?? null, readFileSync(path, 'utf8')]);
      see(await openOutput(path).keep());
      const part = openOutput(path);
      await part.write('one\\n');
      see(await part.keep());
      const whole = openOutput(path);
      for (const line of ['two\\n', 'three\\n']) await whole.write(line);
      see(await whole.finish());
      see(await openOutput(path).finish());
      try { openOutput(path + '.new'); } catch (error) { seen.push(error.message); }
      console.log(JSON.stringify(seen));`;
    // The superuser may write anywhere.
    const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', cwd: '/', ...user });
    chmodSync(folder, 0o755);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([
      [null, 'what was there before, and is longer\n'],
      [path, 'one\n'],
      [null, 'two\nthree\n'],
      [null, ''],
      `cannot write ${path}.new: permission denied`,
    ]);
    expect(readdirSync(folder)).toEqual(['out.jsonl']);
    rmSync(folder, { recursive: true });
  });

  it('writes the file behind links, also one that is not there yet', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'real'));
    symlinkSync('real/out.jsonl', join(folder, 'link'));
    symlinkSync('link', join(folder, 'link of link'));
    for (const line of ['one\n', 'two\n']) {
      const output = openOutput(join(folder, 'link of link'));
      await output.write(line);
      await output.finish();
      expect(read(join(folder, 'real/out.jsonl'))).toBe(line);
    }
    for (const name of ['link', 'link of link']) expect(lstatSync(join(folder, name)).isSymbolicLink()).toBe(true);
  });

  it('says where the results are when they cannot be put in their place', async () => {
    const path = join(temporaryFolder(), 'out.jsonl');
    const output = openOutput(path);
    await output.write('one\n');
    await output.write('two\n');
    mkdirSync(path);
    const error = await output.finish().catch((each: unknown) => each);
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toMatch(/^cannot write .*out\.jsonl: .*; the 2 texts that were written are in .*out\.jsonl\.partial$/);
    expect(read(`${path}.partial`)).toBe('one\ntwo\n');
  });

  it('writes into a device, and tells that it is full', async () => {
    const output = openOutput('/dev/null');
    await output.write('one\n');
    await output.finish();
    expect([lstatSync('/dev/null').isFile(), existsSync('/dev/null.partial')]).toEqual([false, false]);
    const full = openOutput('/dev/full');
    const write = async () => {
      await full.write('one\n');
      await full.finish();
    };
    await expect(write()).rejects.toThrow(new DataError('cannot write /dev/full: no space left on device'));
  });
});
