/**
 * `kill -9` at any moment of a training run: whole states stay, and --resume ends with the bits of a run that was never interrupted.
 * A few kills in the ordinary tests; `npm run test:kill` kills fifty times (GLZ_KILLS).
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { random } from '../../random.ts';
import { linesOf, runGlz } from '../../run-glz.ts';
import { TINY_ENCODER, temporaryFolder } from '../../tiny-checkpoint.ts';

const KILLS = Number(process.env.GLZ_KILLS ?? 3);
const folder = temporaryFolder();
const data = join(folder, 'data.jsonl');
const dev = join(folder, 'dev.jsonl');
const COLOURS = ['red', 'green', 'blue'];
const rows = (count: number) =>
  Array.from({ length: count }, (_, i) => JSON.stringify({ text: `the ${COLOURS[i % 3]} one of ${i}`, labels: [COLOURS[i % 3]] })).join(
    '\n',
  );

const STATE_FILES = ['config.json', 'model.safetensors', 'optimizer.safetensors', 'state.json', 'tokenizer.json', 'tokenizer_config.json'];

// Everything that a resumed run has to go on with: near labels, negations, moments, several passes a step, dropout, snapshots, the best evaluation.
const SETTINGS = {
  batch_size: 2,
  accumulation: 2,
  dropout: 0.1,
  max_steps: 12 * KILLS,
  epochs: 1000,
  save_every: 3,
  average_last: { snapshots: 3, every: 2 },
  labels: { max: 2, near_negatives: 0.5, negated_share: 0.3 },
  model: { projection: 8 },
  dev: { data: dev, every: 5 * KILLS, limit: 6 },
};

const train = (out: string, args: string[], killWhen?: () => boolean) => {
  const settings = join(folder, 'settings.json');
  return runGlz(['train', '--config', settings, '--encoder', TINY_ENCODER, '--data', data, '--output', out, '--threads', '1', ...args], {
    killWhen,
    timeout: 600_000,
  });
};
const steps = (out: string) => linesOf(join(out, 'training.jsonl'));
const folderNames = (path: string) => (existsSync(path) ? readdirSync(path) : []);

it(
  `killed ${KILLS} times and resumed ends with the same bits as straight through`,
  async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(data, rows(60));
    writeFileSync(dev, rows(12));
    writeFileSync(join(folder, 'settings.json'), JSON.stringify(SETTINGS));
    const [straight, killed] = [join(folder, 'straight'), join(folder, 'killed')];
    const first = await train(straight, []);
    expect([first.code, first.stderr]).toEqual([0, expect.stringMatching(/checkpoint in/)]);

    const next = random(9);
    const states = join(killed, 'states');
    let kills = 0;
    let whileSaving = 0;
    while (kills < KILLS) {
      const before = steps(killed);
      const kind = next();
      const enough = before + 1 + Math.floor(next() * 7);
      const startup = 1500 * next();
      const began = performance.now();
      const isSaving = () => folderNames(states).some((name) => name.endsWith('.tmp'));
      const { signal, code, stderr } = await train(killed, kills || before ? ['--resume'] : [], () => {
        // While a state is written, wherever the run is by then (also before its first step), or some steps on.
        if (kind < 0.3) return isSaving();
        if (kind < 0.45) return performance.now() - began > startup;
        return steps(killed) >= enough;
      });
      if (signal !== 'SIGKILL') throw new Error(`the run ended before it was killed: code ${code}, ${stderr}`);
      kills++;
      if (folderNames(states).some((name) => name.endsWith('.tmp'))) whileSaving++;
      // A state is whole or not there.
      for (const name of folderNames(states).filter((each) => /^step-\d+$/.test(each)))
        expect(readdirSync(join(states, name)).sort()).toEqual(STATE_FILES);
    }
    const last = await train(killed, ['--resume']);
    expect([last.code, last.stderr]).toEqual([0, expect.stringMatching(/checkpoint in/)]);
    for (const file of ['final/model.safetensors', 'final/config.json', 'best/model.safetensors', 'training.jsonl'])
      expect([file, readFileSync(join(killed, file)).equals(readFileSync(join(straight, file)))]).toEqual([file, true]);
    // Leftovers of the kills are gone.
    for (const each of [killed, states]) expect(folderNames(each).filter((name) => name.includes('.tmp'))).toEqual([]);
    if (KILLS > 20) expect(whileSaving).toBeGreaterThan(0);
  },
  KILLS * 30_000,
);
