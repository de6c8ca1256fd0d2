/**
 * Mutated files of every kind that glz parses: each is read, or refused in one clear error; no foreign exception, abort, hang or memory beyond its size.
 * A few in the ordinary tests; `npm run test:faults` makes 20,000 (GLZ_MUTATIONS). GLZ_SEED chooses others.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { glzEnvironment, runGlz } from '../run-glz.ts';
import { ROOT, TINY_ENCODER, temporaryFolder } from '../tiny-checkpoint.ts';

const MUTATIONS = Number(process.env.GLZ_MUTATIONS ?? 200);
const SEED = Number(process.env.GLZ_SEED ?? 1);
/** How long one input may go on before the process is given up as hung, in milliseconds. */
const HANG = 60_000;

/** Runs the mutations; killed where nothing has been read for too long. */
function mutate(parser: string, runs: number, folder: string, env: Record<string, string>) {
  return new Promise<{ ended: string; stderr: string; read: number }>((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, 'tests/faults/mutate.mjs'), parser, String(runs), String(SEED), folder], {
      cwd: ROOT,
      env: glzEnvironment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let hung = false;
    const giveUp = () => {
      hung = true;
      child.kill('SIGKILL');
    };
    let timer = setTimeout(giveUp, HANG);
    let read = 0;
    let stderr = '';
    child.stdout.on('data', (dots: Buffer) => {
      read += dots.length;
      clearTimeout(timer);
      timer = setTimeout(giveUp, HANG);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ ended: hung ? 'hung' : (signal ?? `code ${code}`), stderr, read });
    });
  });
}

it(
  `${MUTATIONS} mutated files are read or refused`,
  async () => {
    const folder = temporaryFolder();
    const run = join(folder, 'run');
    const data = join(folder, 'data.jsonl');
    writeFileSync(
      data,
      ['red', 'green', 'blue', 'red'].map((label, i) => JSON.stringify({ text: `${label} thing ${i}`, labels: [label] })).join('\n'),
    );
    const settings = join(folder, 'settings.json');
    writeFileSync(
      settings,
      JSON.stringify({ batch_size: 2, max_steps: 2, epochs: 9, save_every: 1, keep_states: true, model: { projection: 8 } }),
    );
    const made = await runGlz([
      'train',
      '--config',
      settings,
      '--encoder',
      TINY_ENCODER,
      '--data',
      data,
      '--output',
      run,
      '--threads',
      '1',
    ]);
    expect([made.code, made.stderr]).toEqual([0, expect.stringContaining('checkpoint in')]);

    const { ended, stderr, read } = await mutate('all', MUTATIONS, folder, { GLZ_FAULTS_RUN: run });
    const parser = join(folder, 'parser');
    const reading = ended === 'code 0' || ended === 'code 1' || !existsSync(parser) ? '' : `while reading ${readFileSync(parser, 'utf8')}`;
    expect([ended, reading, stderr]).toEqual(['code 0', '', '']);
    expect(read).toBeGreaterThanOrEqual(MUTATIONS);
  },
  120_000 + 100 * MUTATIONS,
);
