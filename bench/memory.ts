/**
 * Peak memory of glz predict on files of different length: it must not grow with the number of lines.
 * Run: npm run bench -- memory [lines ..., default 1000 20000]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1000, 20_000];
const work = mkdtempSync(join(tmpdir(), 'glz-bench-'));

/** Highest resident memory of a run, in MB. */
function peak(lines: number): Promise<number> {
  const input = join(work, `${lines}.txt`);
  writeFileSync(input, Array.from({ length: lines }, (_, i) => `text number ${i} ${'with some more words '.repeat(i % 7)}`).join('\n'));
  const child = spawn(process.execPath, ['bin/glz.js', 'predict', input, '--labels', 'a,b,c', '--output', `${input}.jsonl`, '--quiet']);
  let highest = 0;
  const poll = setInterval(() => {
    try {
      highest = Math.max(highest, Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0) / 1000);
    } catch {
      // ended
    }
  }, 50);
  return new Promise((resolve, reject) => {
    child.on('close', (code) => {
      clearInterval(poll);
      if (code === 0) resolve(highest);
      else reject(new Error(`glz ended with ${code}`));
    });
  });
}

for (const lines of sizes) console.log(`${lines} lines: peak ${(await peak(lines)).toFixed(0)} MB`);
