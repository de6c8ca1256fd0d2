/** scripts/training-data/recipe.sh, with programs in place of glz, Python and git that only note their arguments: twenty-one runs, in order. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from '../../src/cli/train.ts';
import { ROOT } from '../tiny-checkpoint.ts';

const SCRIPTS = join(ROOT, 'scripts/training-data');

/** Notes its words, makes the checkpoint and the state that a run leaves, and where it is to be stopped waits for that. */
const GLZ = `#!/usr/bin/env bash
printf '%s\\n' "$(printf '%s\\t' "$@")" >> "$LOG"
while [ $# -gt 0 ]; do [ "$1" = --output ] && out="$2"; shift; done
mkdir -p "$out/final" "$out/states/step-600"
case "$out" in runs/thirteen|runs/fourteen) trap 'exit 130' TERM; for i in $(seq 200); do sleep 0.1; done; exit 1;; esac
`;

it('makes data, settings and twenty-one runs, each from what is there, and ends with the checkpoint', () => {
  const folder = mkdtempSync(join(tmpdir(), 'glz-recipe-'));
  const programs = join(folder, 'programs');
  const work = join(folder, 'work');
  for (const each of [programs, work]) mkdirSync(each);
  const write = (name: string, text: string) => {
    writeFileSync(join(programs, name), text);
    chmodSync(join(programs, name), 0o755);
  };
  write('glz', GLZ);
  write('python3', '#!/bin/sh\necho "$@" >> "$LOG.python"\nmkdir -p calibration\n');
  write('git', '#!/bin/sh\n');
  const log = join(folder, 'log');
  const { status, stderr } = spawnSync('bash', [join(SCRIPTS, 'recipe.sh'), 'at-hand', 'evaluation', 'encoder'], {
    cwd: work,
    env: { ...process.env, PATH: `${programs}:${process.env.PATH}`, LOG: log },
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect([status, stderr]).toEqual([0, '']);

  const calls = readFileSync(log, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t').filter(Boolean));
  for (const [name, ...words] of calls) {
    expect(name).toBe('train');
    const parsed = command().exitOverride();
    parsed.action(() => {}).parse(words, { from: 'user' });
    const { output, checkpoint, set } = parsed.opts<{ output: string; checkpoint?: string; set: string[] }>();
    expect(readdirSync(work)).toContain('runs');
    // What a mean is made of is there by then.
    for (const [, list] of set.map((text) => /^average_with=(.*)$/.exec(text)).filter((match) => match !== null))
      for (const made of JSON.parse(list) as string[]) expect(readdirSync(join(work, made))).toBeDefined();
    expect([output, checkpoint].join()).not.toContain('undefined');
  }
  const trained = calls.filter((words) => !words.includes('--resume') && !words.includes('--max-steps'));
  expect(trained.map((words) => words[words.indexOf('--config') + 1]).sort()).toEqual(
    Array.from({ length: 21 }, (_, at) => `run${at + 1}.json`).sort(),
  );
  const python = readFileSync(`${log}.python`, 'utf8').trimEnd().split('\n');
  expect(python.filter((line) => line.includes('settings.py'))).toHaveLength(21);
  expect(calls.at(-1)).toEqual(expect.arrayContaining(['runs/twentyone', '--resume', 'calibration.data=calibration-open']));
  expect(readdirSync(join(work, 'runs/twentyone'))).toContain('final');
});

it('says how it is called', () => {
  const { status, stderr } = spawnSync('bash', [join(SCRIPTS, 'recipe.sh')], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([2, expect.stringContaining('usage: recipe.sh AT_HAND EVALUATION ENCODER')]);
});
