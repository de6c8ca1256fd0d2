/** Locks that show from elsewhere whether their process lives. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '../../../src/base/errors.ts';
import { leaseFile } from '../../../src/base/locks/lease-file.ts';
import { temporaryFolder } from '../../tiny-checkpoint.ts';

const TIMES = { beat: 20, patience: 400 };
/** A lock of a process that cannot be seen from here. */
const elsewhere = (path: string) => `${path}.glz-7-00000000-0badcafe.lock`;

it('takes over what shows no life, after a while', async () => {
  const path = join(temporaryFolder(), 'part');
  writeFileSync(elsewhere(path), 'node7\n1\n');
  const notes: string[] = [];
  const lease = await leaseFile(path, (line) => notes.push(line), TIMES);
  expect(existsSync(elsewhere(path))).toBe(false);
  expect(notes).toHaveLength(1);
  lease.check();
  lease.release();
  expect(existsSync(lease.path)).toBe(false);
});

it('leaves what lives alone, and says where it is', async () => {
  const path = join(temporaryFolder(), 'part');
  let beats = 0;
  const timer = setInterval(() => writeFileSync(elsewhere(path), `node7\n${++beats}\n`), 10);
  writeFileSync(elsewhere(path), 'node7\n0\n');
  await expect(leaseFile(path, undefined, TIMES)).rejects.toThrow(
    /in use: glz on another machine or in another container \(node7, process 7\)/,
  );
  clearInterval(timer);
});

it('does not wait for what is given back meanwhile', async () => {
  const path = join(temporaryFolder(), 'part');
  writeFileSync(elsewhere(path), 'node7\n0\n');
  setTimeout(() => rmSync(elsewhere(path)), 50);
  const lease = await leaseFile(path, undefined, { beat: 20, patience: 1e9 });
  lease.release();
});

it('shows that it lives, and knows that it was taken over', async () => {
  const path = join(temporaryFolder(), 'part');
  const lease = await leaseFile(path, undefined, TIMES);
  const first = readFileSync(lease.path, 'utf8');
  while (readFileSync(lease.path, 'utf8') === first) await new Promise((resolve) => setTimeout(resolve, 10));
  rmSync(lease.path);
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(existsSync(lease.path)).toBe(false);
  expect(() => lease.check()).toThrow(DataError);
  lease.release();
});
