import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DataError } from '../../../src/base/errors.ts';
import { lockFile } from '../../../src/base/locks/lock-file.ts';
import { markOwner, ownMark } from '../../../src/base/locks/process-mark.ts';
import { ROOT, temporaryFolder } from '../../tiny-checkpoint.ts';

const LINUX = process.platform === 'linux';
const module = (name: string) => JSON.stringify(pathToFileURL(join(ROOT, 'dist/base', name)).href);
const node = (script: string) => ['--input-type=module', '--eval', script];

/** The mark of a process that has ended. */
const deadMark = (): string =>
  spawnSync(process.execPath, node(`import { ownMark } from ${module('locks/process-mark.js')}; console.log(ownMark())`), {
    encoding: 'utf8',
  }).stdout.trim();

/** A process that holds the lock of a path until it is killed. */
async function holder(path: string): Promise<ChildProcess> {
  const script = `import { lockFile } from ${module('locks/lock-file.js')}; lockFile(${JSON.stringify(path)}); console.log('held'); setInterval(() => {}, 1000)`;
  const child = spawn(process.execPath, node(script), { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout!.once('data', resolve));
  return child;
}

const ended = (child: ChildProcess) => new Promise((resolve) => child.once('close', resolve));

describe('the mark of a process', () => {
  it('tells whose a file is', () => {
    expect(markOwner(ownMark())).toBe('own');
    expect(markOwner(deadMark())).toBe('dead');
    const [name, pid, start, place] = ownMark().split('-');
    expect(markOwner([name, pid, start, '0123abcd'].join('-'))).toBe('elsewhere');
    // The number was given to another process since, which the start tells where the system has it.
    expect(markOwner([name, pid, '0123abcd', place].join('-'))).toBe(LINUX ? 'dead' : 'running');
  });
});

describe('a lock', () => {
  it('is held once, and gone when it is given back', () => {
    const path = join(temporaryFolder(), 'out.jsonl');
    const lock = lockFile(path);
    expect(readdirSync(join(path, '..'))).toEqual([`out.jsonl.${ownMark()}.lock`]);
    expect(() => lockFile(path)).toThrow(new RegExp(`out\\.jsonl is in use: glz with the process number ${process.pid} writes it`));
    lockFile(`${path}.other`).release();
    lock.release();
    lock.release();
    expect(readdirSync(join(path, '..'))).toEqual([]);
    lockFile(path).release();
  });

  it('makes the folder that it is in, which goes with it where nothing was put into it, also at the end of the process', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'new/deeper/out.jsonl');
    lockFile(path).release();
    expect(readdirSync(folder)).toEqual([]);
    const script = `import { lockFile } from ${module('locks/lock-file.js')}; lockFile(${JSON.stringify(path)}); process.exit(0)`;
    expect(spawnSync(process.execPath, node(script)).status).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
    const lock = lockFile(path);
    writeFileSync(path, '');
    lock.release();
    expect(readdirSync(join(folder, 'new/deeper'))).toEqual(['out.jsonl']);
  });

  it('of another process is named, and taken over once that is dead', async () => {
    const path = join(temporaryFolder(), 'out.jsonl');
    const child = await holder(path);
    const held = readdirSync(join(path, '..'));
    expect(() => lockFile(path, 'the run')).toThrow(
      new DataError(
        `the run is in use: glz with the process number ${child.pid} writes it (lock ${join(path, '..', held[0])}); wait for it, stop it, or choose another --output`,
      ),
    );
    expect(readdirSync(join(path, '..'))).toEqual(held);
    child.kill('SIGKILL');
    await ended(child);
    expect(readdirSync(join(path, '..'))).toEqual(held);
    const lock = lockFile(path);
    expect(readdirSync(join(path, '..'))).toEqual([`out.jsonl.${ownMark()}.lock`]);
    lock.release();
  });

  it('is given back by a process that ends by an error', () => {
    const path = join(temporaryFolder(), 'out.jsonl');
    spawnSync(
      process.execPath,
      node(`import { lockFile } from ${module('locks/lock-file.js')}; lockFile(${JSON.stringify(path)}); throw new Error('x')`),
    );
    expect(readdirSync(join(path, '..'))).toEqual([]);
  });

  it('of another machine is not taken over: the file to delete is named', () => {
    const path = join(temporaryFolder(), 'out.jsonl');
    const lock = `${path}.glz-77-0123abcd-0123abcd.lock`;
    writeFileSync(lock, 'elsewhere.example\n');
    expect(() => lockFile(path)).toThrow(
      /another machine or in another container \(elsewhere\.example, process 77\) writes it; if .* delete .*77-0123abcd-0123abcd\.lock$/,
    );
    expect(readFileSync(lock, 'utf8')).toBe('elsewhere.example\n');
  });

  it('minds nothing but locks: other files of like names stay', () => {
    const folder = temporaryFolder();
    const dead = deadMark();
    const others = [
      'out.jsonl.lock',
      `out.jsonl.${dead}.tmp`,
      `out.jsonl.x.${dead}.lock`,
      `xout.jsonl.${dead}.lock`,
      `out.jsonl.${dead}.lock.bak`,
    ];
    for (const name of others) writeFileSync(join(folder, name), '');
    lockFile(join(folder, 'out.jsonl')).release();
    expect(readdirSync(folder).sort()).toEqual(others.sort());
  });

  it('that cannot be written says so', () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    expect(() => lockFile(join(file, 'out.jsonl'))).toThrow(new DataError(`cannot write ${file}/out.jsonl: ${file} is no folder`));
    expect(() => lockFile('/proc/none/out.jsonl')).toThrow(/^cannot write \/proc\/none\/out\.jsonl: no such file or directory$/);
  });

  it('is held by one of many that find the lock of a dead process at once', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'log'));
    const [path, go] = [join(folder, 'out.jsonl'), join(folder, 'go')];
    const mark = deadMark();
    const dead = `${path}.${mark}.lock`;
    // Each writes that it has the lock, and looks whether another had it too.
    const script = `
      import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
      import { lockFile } from ${module('locks/lock-file.js')};
      console.log('ready');
      const pause = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
      while (!existsSync(${JSON.stringify(go)})) pause(2);
      try {
        const lock = lockFile(${JSON.stringify(path)});
        const own = ${JSON.stringify(join(folder, 'log'))} + '/' + process.pid;
        writeFileSync(own, '');
        pause(300);
        const held = readdirSync(${JSON.stringify(join(folder, 'log'))}).length;
        rmSync(own);
        lock.release();
        console.log('held ' + held);
      } catch (error) { console.log(error.message.includes('is in use') ? 'refused' : error.stack); }`;
    for (let round = 0; round < 2; round++) {
      writeFileSync(dead, `${hostname()}\n`);
      const children = Array.from({ length: 5 }, () => spawn(process.execPath, node(script), { stdio: ['ignore', 'pipe', 'inherit'] }));
      const outputs = children.map(() => '');
      const isReady = children.map(
        (child, at) =>
          new Promise<void>((resolve) =>
            child.stdout.on('data', (piece) => {
              outputs[at] += piece;
              resolve();
            }),
          ),
      );
      const ends = children.map(ended);
      await Promise.all(isReady);
      writeFileSync(go, '');
      await Promise.all(ends);
      spawnSync('rm', [go]);
      const said = outputs.map((output) => output.split('\n')[1]);
      expect(said).toContain('held 1');
      // A late one may find the lock free again; never is it held twice.
      for (const line of said) expect(['held 1', 'refused']).toContain(line);
      expect(existsSync(dead)).toBe(false);
    }
    expect(readdirSync(folder)).toEqual(['log']);
  }, 60_000);
});
