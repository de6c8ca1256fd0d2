import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENCODER_PREFIX } from '../../src/model/gliznet.ts';
import { readCheckpointWeights } from '../../src/weights/checkpoint.ts';
import { readEncoderFolder } from '../../src/weights/encoder-weights.ts';
import { callGlz } from '../call-glz.ts';
import { runGlz } from '../run-glz.ts';
import { TINY_ENCODER, temporaryFolder, writeTinyCheckpoint } from '../tiny-checkpoint.ts';

const folder = temporaryFolder();
const data = join(folder, 'data.jsonl');
const dev = join(folder, 'dev');
const TOPICS: Record<string, string[]> = {
  travel: ['the train was late', 'we took the bus to the sea', 'a flight to the north', 'the hotel by the river'],
  sport: ['the team won the game', 'she ran the race', 'a goal in the last minute', 'he lost the match'],
  film: ['the film was long', 'a good actor in a bad story', 'we saw it in the cinema', 'the director made another one'],
  food: ['the soup was cold', 'bread and butter', 'a good wine with the fish', 'she cooked for us'],
};

beforeAll(() => {
  const rows = Object.entries(TOPICS).flatMap(([label, texts]) =>
    texts.flatMap((text) => Array.from({ length: 6 }, (_, i) => ({ text: `${text} ${i}`, labels: [label] }))),
  );
  writeFileSync(data, rows.map((row) => JSON.stringify(row)).join('\n'));
  mkdirSync(join(dev, 'topics'), { recursive: true });
  writeFileSync(join(dev, 'topics/labels.json'), JSON.stringify(Object.keys(TOPICS)));
  writeFileSync(
    join(dev, 'topics/test.jsonl'),
    rows
      .slice(0, 40)
      .map((row) => JSON.stringify(row))
      .join('\n'),
  );
});

let runs = 0;
const output = () => join(folder, `run-${runs++}`);
const settings = [
  '--encoder',
  TINY_ENCODER,
  '--threads',
  '1',
  '--batch-size',
  '4',
  '--set',
  'model.projection=16',
  '--set',
  'save_every=3',
];
const COSINE = ['model.similarity=cosine', 'model.projection=null', 'model.text_pooling=mean', 'model.label_pooling=mean'];
const KEEP = ['--set', 'keep_states=true'];
const command = (out: string, args: string[]) => ['train', '--data', data, '--output', out, ...settings, ...args];
const train = (out: string, args: string[]) => callGlz(command(out, args));
const log = (out: string) =>
  readFileSync(join(out, 'training.jsonl'), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, number>);

describe('glz train', () => {
  it('trains the tiny encoder: the loss falls, a checkpoint comes out that predict can use', async () => {
    const out = output();
    const { code, stderr } = await train(out, [
      '--max-steps',
      '160',
      '--learning-rate',
      '0.003',
      '--dev',
      dev,
      ...COSINE.flatMap((field) => ['--set', field]),
      '--set',
      'dev.every=100',
    ]);
    expect(stderr).toMatch(/\n +step +loss +macro-F1 +accuracy +dev loss +right +wrong\n[ -]+\n +100 .*best\n/);
    expect(stderr).toMatch(/\n +160 +\d\.\d{4} +\d\.\d{4} /);
    expect(code).toBe(0);
    const steps = log(out).filter(({ loss }) => loss !== undefined);
    const mean = (from: number, to: number) => steps.slice(from, to).reduce((sum, { loss }) => sum + loss, 0) / (to - from);
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 160 }, (_, i) => i + 1));
    expect(mean(150, 160)).toBeLessThan(0.2 * mean(0, 10));
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toMatch(/finished, 160 of 160 steps/);
    expect(readdirSync(join(out, 'tensorboard'))).toEqual([expect.stringMatching(/^events\.out\.tfevents\.\d{10}\./)]);
    const predicted = await callGlz([
      'predict',
      '--checkpoint',
      out,
      '--text',
      'the train was late 1',
      '--labels',
      Object.keys(TOPICS).join(),
    ]);
    expect(predicted.code).toBe(0);
    expect((JSON.parse(predicted.stdout) as { labels: string[] }).labels[0]).toBe('travel');
    // It knows the labels that it was trained on.
    expect(await callGlz(['predict', '--checkpoint', out, '--text', 'the train was late 1'])).toEqual({ ...predicted, stderr: '' });
    const some = ['{"text":"the train was late 1"}', '{"text":"the soup was cold 2","candidate_labels":["food","film"]}'].join('\n');
    const { stdout } = await callGlz(['predict', '-', '--checkpoint', out], { input: some });
    const [first, second] = stdout.split('\n', 2).map((line) => JSON.parse(line) as { labels: string[] });
    expect(first.labels).toEqual((JSON.parse(predicted.stdout) as { labels: string[] }).labels);
    expect(second.labels.sort()).toEqual(['film', 'food']);
  });

  it('chooses the best checkpoint by the metric that is asked for', async () => {
    const out = output();
    const evaluation = ['--dev', dev, '--set', 'dev.every=3', '--set', 'dev.metric=loss'];
    expect((await train(out, ['--max-steps', '12', '--learning-rate', '0.003', ...evaluation])).code).toBe(0);
    const losses = log(out).flatMap(({ dev_loss }) => (dev_loss === undefined ? [] : [dev_loss]));
    expect(losses).toHaveLength(4);
    const { best } = JSON.parse(readFileSync(join(out, 'final/training.json'), 'utf8')) as { best: { score: number } };
    expect(best.score).toBe(Math.min(...losses));
  });

  it('gives the best checkpoint of the way a temperature and bias of its own, and a finished run fits them again', async () => {
    const out = output();
    // The first evaluation is the best: the rate of all further steps changes nothing.
    const args = ['--max-steps', '9', '--learning-rate', '1e-12', '--dev', dev, '--set', 'dev.every=4', ...KEEP];
    expect((await train(out, args)).code).toBe(0);
    const calibration = () =>
      (JSON.parse(readFileSync(join(out, 'best/config.json'), 'utf8')) as { gliznet: { calibration: object } }).gliznet.calibration;
    const { best } = JSON.parse(readFileSync(join(out, 'final/training.json'), 'utf8')) as { best: { step: number } };
    expect(best.step).toBe(4);
    const fitted = calibration();
    expect(fitted).not.toEqual({ temperature: 1, bias: 0 });
    expect((await train(out, [...args, '--resume', '--set', `calibration.data=${dev}`, '--set', 'calibration.share=1'])).code).toBe(0);
    expect(calibration()).not.toEqual(fitted);
  });

  it('begins again with --resume where a kill left a best checkpoint and no state', async () => {
    const out = output();
    const args = ['--max-steps', '4', '--learning-rate', '0.001', '--dev', dev, '--set', 'dev.every=2'];
    expect((await train(out, args)).code).toBe(0);
    const weights = () => readFileSync(join(out, 'final/model.safetensors'));
    const straight = weights();
    rmSync(join(out, 'final'), { recursive: true });
    expect((await train(out, [...args, '--resume'])).code).toBe(0);
    expect(weights().equals(straight)).toBe(true);
    // A finished run whose states somebody else removed is not thrown away.
    expect((await train(out, [...args, '--overwrite', ...KEEP])).code).toBe(0);
    rmSync(join(out, 'states'), { recursive: true });
    const refused = await train(out, [...args, '--resume']);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/holds no saved state/)]);
    expect(weights().equals(straight)).toBe(true);
  });

  it('leaves no states when it is done; resumed there is nothing to do, and a longer run starts from its checkpoint', async () => {
    const out = output();
    const args = ['--max-steps', '4', '--learning-rate', '0.001'];
    expect((await train(out, args)).code).toBe(0);
    expect(readdirSync(out).sort()).toEqual(['final', 'report.html', 'run.json', 'settings.json', 'tensorboard', 'training.jsonl']);
    const files = () =>
      readdirSync(out, { recursive: true, encoding: 'utf8' }).map((name) => [name, statSync(join(out, name)).mtimeMs] as const);
    const before = files();
    for (const same of [[], KEEP, ['--device', 'cpu']]) {
      const { code, stderr } = await train(out, [...args, ...same, '--resume']);
      expect([code, stderr]).toEqual([
        0,
        expect.stringMatching(/is finished with these settings and data: nothing to go on with\ncheckpoint in .*\n/),
      ]);
    }
    // The run's own settings and data, where none are given.
    const bare = await callGlz(['train', '--output', out, '--resume', '--threads', '1']);
    expect([bare.code, bare.stderr]).toEqual([
      0,
      expect.stringMatching(/is finished with these settings and data: nothing to go on with\n/),
    ]);
    for (const other of [
      ['--max-steps', '8'],
      ['--set', 'start_share=0.5'],
      ['--set', `calibration.data=${dev}`],
    ]) {
      const { code, stderr } = await train(out, [...args, ...other, '--resume']);
      expect([code, stderr]).toEqual([2, expect.stringMatching(/finished run with other settings.*--checkpoint .*keep_states=true/)]);
    }
    expect(files()).toEqual(before);
    const further = output();
    const { code } = await callGlz([
      'train',
      '--data',
      data,
      '--output',
      further,
      '--checkpoint',
      out,
      '--max-steps',
      '2',
      '--threads',
      '1',
    ]);
    expect([code, existsSync(join(further, 'final/model.safetensors'))]).toEqual([0, true]);
  });

  it('trains on fewer rows than a batch has', async () => {
    const few = join(folder, 'few.jsonl');
    writeFileSync(
      few,
      readFileSync(data, 'utf8')
        .split('\n')
        .filter((_, row) => row % 40 === 0)
        .join('\n'),
    );
    const args = ['--data', few, '--encoder', TINY_ENCODER, '--batch-size', '8', '--max-steps', '2', '--threads', '1'];
    const trial = await callGlz(['train', '--output', output(), ...args, '--dry-run']);
    expect([trial.code, trial.stderr]).toEqual([0, expect.stringMatching(/plan: 2 steps of 3 examples/)]);
    const out = output();
    expect((await callGlz(['train', '--output', out, ...args])).code).toBe(0);
    expect(log(out).map(({ examples }) => examples)).toEqual([3, 3]);
  });

  it.each(['dev.data', 'calibration.data'])('names the label of %s that no sequence holds before it trains', async (field) => {
    const sets = join(folder, `long-${field}`);
    mkdirSync(join(sets, 'topics'), { recursive: true });
    const long = 'river '.repeat(600).trim();
    writeFileSync(join(sets, 'topics/labels.json'), JSON.stringify(['film', long]));
    writeFileSync(join(sets, 'topics/test.jsonl'), JSON.stringify({ text: 'the film was long', labels: ['film'] }));
    const out = output();
    const { code, stderr } = await train(out, ['--max-steps', '4', '--set', `${field}=${sets}`]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/set topics: label "river river .*" is too long/)]);
    expect(existsSync(join(out, 'training.jsonl'))).toBe(false);
  });

  it.each([
    [['--threads', '1.5'], /expected a whole number from 1/],
    [['--on-error', 'ignore'], /Allowed choices are fail, skip/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await train(output(), args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });

  it('compares labels for near negatives once, not again when it is resumed', async () => {
    const out = output();
    const near = ['--set', 'labels.min=2', '--set', 'labels.max=3', '--set', 'labels.near_negatives=1', '--max-steps', '5', ...KEEP];
    const first = await train(out, near);
    expect([first.code, first.stderr]).toEqual([0, expect.stringMatching(/near negatives: comparing 4 labels of 1 file/)]);
    const again = await train(out, [...near, '--resume']);
    expect([again.code, /comparing/.test(again.stderr), /checkpoint in/.test(again.stderr)]).toEqual([0, false, true]);
  });

  it('stops early without a further gain; resumed, it does not train on', async () => {
    const out = output();
    // Steps that change nothing: the first evaluation stays the best one.
    const args = [
      '--max-steps',
      '60',
      '--learning-rate',
      '1e-12',
      '--dev',
      dev,
      '--set',
      'dev.every=4',
      '--set',
      'dev.patience=2',
      ...KEEP,
    ];
    const first = await train(out, args);
    expect([first.code, first.stderr]).toEqual([0, expect.stringMatching(/stopped early, no further gain: checkpoint in .*best/)]);
    const lines = log(out);
    expect(lines.filter(({ loss }) => loss !== undefined)).toHaveLength(12);
    const again = await train(out, [...args, '--resume']);
    expect([again.code, again.stderr]).toEqual([0, expect.stringMatching(/stopped early/)]);
    expect(log(out)).toEqual(lines);
  });

  it('prints every setting without being given any', async () => {
    const { code, stdout } = await callGlz(['train', '--help-settings']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^loss\.margin: number = 0\.5\n {4}How far/m)]);
  });

  it('saves and exits with 130 on SIGINT, and refuses to overwrite what is there', async () => {
    const out = output();
    let sent = false;
    const stopped = await runGlz(command(out, ['--epochs', '4000', '--max-steps', '100000']), {
      env: { GLZ_PROGRESS_INTERVAL: '0.2' },
      onStderr: (text: string, kill: (signal: NodeJS.Signals) => void) => {
        if (!sent && /train: \d+\//.test(text)) {
          sent = true;
          kill('SIGINT');
        }
      },
    });
    expect(stopped.code).toBe(130);
    const [, step, goOn] = /stopped at step (\d+) of \d+; to go on: glz (.*)\n/.exec(stopped.stderr)!;
    expect(readdirSync(join(out, 'states'))).toContain(`step-${step}`);
    // As it is printed, and here to an end: the settings that may change once steps are done are none of these.
    expect(goOn).toBe(`train --output ${out} --resume --threads 1`);
    const planned = await callGlz([...goOn.split(' '), '--dry-run']);
    expect([planned.code, planned.stderr]).toEqual([
      0,
      expect.stringContaining(`goes on with the settings and data in ${out}/settings.json`),
    ]);
    const unfinished = await callGlz(['export', '--checkpoint', out, '--output', `${out}-onnx`]);
    expect(unfinished.stderr).toMatch(/is a training run that is not finished: it has no checkpoint yet \(glz train --output .* --resume/);
    const again = await train(out, ['--max-steps', '2']);
    expect([again.code, again.stderr]).toEqual([2, expect.stringMatching(/--resume goes on with it, --overwrite starts again/)]);
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toMatch(/stopped, [\d,]+ of 96,000 steps/);
    const other = await train(out, ['--max-steps', '2', '--resume']);
    expect([other.code, other.stderr]).toEqual([2, expect.stringMatching(/other settings or data/)]);
    // What is there is replaced as a whole: a state of the old run would be newer than those of this one.
    expect((await train(out, ['--max-steps', '2', '--overwrite', ...KEEP])).code).toBe(0);
    expect(readdirSync(join(out, 'states'))).toEqual(['step-2']);
  });

  it('goes on from a GliZNet checkpoint', async () => {
    const start = await writeTinyCheckpoint({ similarity: 'cosine', projection: null, textPooling: 'mean', labelPooling: 'mean' });
    const out = output();
    const { code } = await callGlz(['train', '--data', data, '--output', out, '--checkpoint', start, '--max-steps', '3', '--threads', '1']);
    expect(code).toBe(0);
    const config = JSON.parse(readFileSync(join(out, 'final/config.json'), 'utf8')) as { gliznet: { similarity: string } };
    expect(config.gliznet.similarity).toBe('cosine');
  });

  it('averages with other runs; a finished run makes its final weights again with other shares, without training', async () => {
    const [one, two, both] = [output(), output(), output()];
    const args = ['--max-steps', '4', ...KEEP, ...COSINE.flatMap((field) => ['--set', field])];
    const averaged = ['--seed', '2', '--set', `average_with=["${one}/final"]`, '--set', 'start_share=0.25'];
    expect((await train(one, args)).code).toBe(0);
    expect((await train(two, [...args, '--seed', '2'])).code).toBe(0);
    const own = readCheckpointWeights(join(two, 'final'));
    const lines = log(two);
    const seconds = () => (JSON.parse(readFileSync(join(two, 'states/step-4/state.json'), 'utf8')) as { seconds: number }).seconds;
    const before = seconds();
    expect((await train(both, [...args, ...averaged])).code).toBe(0);
    expect((await train(two, [...args, ...averaged, '--resume'])).code).toBe(0);
    expect(log(two)).toEqual(lines);
    expect(seconds()).toBeGreaterThan(before);
    const [first, start, mixed, again] = [join(one, 'final'), TINY_ENCODER, join(both, 'final'), join(two, 'final')].map((folder) =>
      folder === TINY_ENCODER ? readEncoderFolder(folder).weights : readCheckpointWeights(folder),
    );
    for (const [name, { data }] of mixed) {
      const from = start.get(name.replace(ENCODER_PREFIX, ''));
      const share = name.startsWith(ENCODER_PREFIX) ? 0.25 : 0;
      expect(again.get(name)!.data).toEqual(data);
      for (const i of [0, data.length - 1]) {
        const mean = (own.get(name)!.data[i] + first.get(name)!.data[i]) / 2;
        expect(data[i]).toBeCloseTo((1 - share) * mean + share * (from?.data[i] ?? 0), 6);
      }
    }
  });

  it('fits temperature and bias to sets that are named, and a finished run fits them again to others, without training', async () => {
    const out = output();
    const args = ['--max-steps', '12', ...KEEP, ...COSINE.flatMap((field) => ['--set', field])];
    expect((await train(out, args)).code).toBe(0);
    const lines = log(out);
    const calibration = () =>
      (JSON.parse(readFileSync(join(out, 'final/config.json'), 'utf8')) as { gliznet: { calibration: Record<string, number> } }).gliznet
        .calibration;
    const weights = () => readFileSync(join(out, 'final/model.safetensors'));
    const [fittedToExamples, before] = [calibration(), weights()];
    // Sets whose texts have no label that fits, and so many labels that they are read through a shortlist: scores have to go down.
    const sets = join(folder, 'calibration');
    mkdirSync(join(sets, 'none'), { recursive: true });
    const labels = [...Object.keys(TOPICS), ...Array.from({ length: 60 }, (_, at) => `nothing ${at}`)];
    writeFileSync(join(sets, 'none/labels.json'), JSON.stringify(labels));
    writeFileSync(
      join(sets, 'none/test.jsonl'),
      TOPICS.food.map((text, at) => JSON.stringify({ text, labels: [`nothing ${at}`] })).join('\n'),
    );
    const named = [...args, '--resume', '--set', `calibration.data=${sets}`];
    expect((await train(out, named)).code).toBe(0);
    expect(log(out)).toEqual(lines);
    expect(weights().equals(before)).toBe(true);
    // One of 64 labels is true: no score may stay near a half.
    const fittedToSets = calibration();
    expect(fittedToSets).not.toEqual(fittedToExamples);
    const answer = await callGlz(['predict', '--text', 'the train was late', '--labels', 'food', '--multi-label', '--checkpoint', out]);
    expect(answer.code).toBe(0);
    expect(Number(/0\.\d+/.exec(answer.stdout)![0])).toBeLessThan(0.2);
    // Without a share the sets do not count.
    expect((await train(out, [...named, '--set', 'calibration.share=0'])).code).toBe(0);
    expect(calibration()).toEqual(fittedToExamples);
    const missing = await train(output(), [...args, '--set', `calibration.data=${join(folder, 'not-there')}`]);
    expect([missing.code, missing.stderr]).toEqual([expect.any(Number), expect.stringMatching(/not-there/)]);
    expect(missing.code).not.toBe(0);
  });

  it('refuses to average with a checkpoint of another kind before it trains', async () => {
    const other = await writeTinyCheckpoint({ similarity: 'dot', projection: null, textPooling: 'mean', labelPooling: 'mean' });
    const fields = [...COSINE, `average_with=["${other}"]`].flatMap((field) => ['--set', field]);
    const { code, stderr } = await train(output(), ['--max-steps', '2', ...fields]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/cannot be averaged with this run: its similarity is dot, here cosine/)]);
  });

  it('looks at everything in a dry run, and writes and trains nothing', async () => {
    const out = output();
    const other = join(folder, 'other.jsonl');
    writeFileSync(other, '{"text":"the train was late 1","labels":["sport"],"not_labels":["travel"]}\n{"text":"a","labels":["Food"]}');
    const { code, stdout, stderr } = await train(out, ['--dry-run', '--epochs', '2', '--data', other, '--dev', dev]);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/data: 98 rows, 5 labels[\s\S]*plan: 48 steps of 4 examples, 2\.00 epochs/)]);
    expect(stdout).toMatch(/text tokens +least 1, 5 % \d+, median \d+/);
    expect(stdout).toMatch(/most frequent +sport 25, travel 24/);
    expect(stdout).toMatch(/duplicate texts +0 in their file, 1 between files/);
    expect(stdout).toMatch(/"travel" of "the train was late 1" \(.*other\.jsonl, line 1\)/);
    expect(stdout).toMatch(/spelled twice .*food \/ Food/);
    expect(stdout).toMatch(/labels of an example +least [2-4]/);
    expect(stdout).toMatch(/steps +48, [\d.e-]+ s each \(measured on 5 here\): \d+s/);
    expect(stdout).toMatch(/calibration +\d+s behind the last step/);
    expect(stdout).toMatch(/memory +\d+ MB/);
    expect(stdout).toMatch(/disk +\d+ MB needed in .*, [\d.]+ [GM]B free/);
    expect(existsSync(out)).toBe(false);
  });

  it('names every malformed record in a dry run', async () => {
    const bad = join(folder, 'several.jsonl');
    writeFileSync(bad, '{"text":"a","labels":["x"]}\n{"text":"b"}\n{"text":"c","labels":["y"]}\n{"text":"d"\n');
    const dry = ['--dry-run', '--data', bad];
    const { code, stderr } = await train(output(), dry);
    expect(stderr).toMatch(/several\.jsonl, line 2: no field "labels"[\s\S]*several\.jsonl, line 4: not JSON[\s\S]*2 malformed records/);
    expect(code).toBe(1);
    expect((await train(output(), [...dry, '--on-error', 'skip'])).code).toBe(0);
  });

  it('asks what stands between labels where that is not plain, and takes what it is told, of dev sets too', async () => {
    const table = join(folder, 'emotions.csv');
    writeFileSync(table, 'text,labels\nthe train was late,"joy, love"\na film,"love, fear"\n');
    const args = ['--dry-run', '--data', table, '--dev', table];
    const asked = await train(output(), args);
    expect([asked.code, asked.stderr]).toEqual([
      1,
      expect.stringMatching(/emotions\.csv, line 2, field "labels": "joy, love" is one label or several; say .* with --label-separator/),
    ]);
    const split = await train(output(), [...args, '--label-separator', ',']);
    expect([split.code, split.stderr]).toEqual([0, expect.stringMatching(/data: \d+ rows, 7 labels/)]);
    const whole = await train(output(), [...args, '--label-separator', '|']);
    expect([whole.code, whole.stderr]).toEqual([0, expect.stringMatching(/data: \d+ rows, 6 labels/)]);
  });

  it('says which labels of data and sets the model cannot tell apart', async () => {
    const other = join(folder, 'alike.jsonl');
    writeFileSync(other, '{"text":"a","labels":["Film"],"not_labels":["film"]}\n{"text":"b","labels":["👍"],"not_labels":["bank"]}\n');
    const { code, stderr } = await train(output(), ['--dry-run', '--data', other, '--dev', other]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/note: set alike: the model can read nothing of the label "👍"/);
    expect(stderr).toMatch(/^ {2}note: the model can read nothing of the label "👍"/m);
  });

  it('compares labels for near negatives, in a dry run too, and does not distil for it', async () => {
    const out = output();
    const near = ['--max-steps', '2', '--set', 'labels.max=3', '--set', 'labels.near_negatives=0.5'];
    for (const args of [[...near, '--dry-run'], near]) {
      const { code, stderr } = await train(out, args);
      expect([code, stderr]).toEqual([0, expect.stringMatching(/near negatives: comparing 4 labels of 1 file \.\.\./)]);
    }
    expect(log(out).map(({ distill }) => distill)).toEqual([undefined, undefined]);
    const { code } = await train(output(), [...near, '--set', 'loss.distill_weight=1']);
    expect(code).toBe(0);
  });

  it('finds a folder that it cannot write into before it reads anything', async () => {
    const inFile = join(data, 'run');
    for (const args of [[], ['--dry-run']]) {
      const { code, stderr } = await train(inFile, [...args, '--data', join(folder, 'missing.jsonl')]);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/cannot write into .*data\.jsonl\/run: .*; choose another --output/)]);
    }
  });

  it('stops where the loss is not finite and says which batch did it', async () => {
    const out = output();
    const { code, stderr } = await train(out, [
      '--max-steps',
      '30',
      '--learning-rate',
      '1e30',
      '--set',
      'optimizer.clip_norm=0',
      '--set',
      'schedule.warmup_share=0',
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/not finite; its batch is in .*bad-batch\.json\. Start again with a lower learning rate and another --output/);
    const batch = JSON.parse(readFileSync(join(out, 'bad-batch.json'), 'utf8')) as { examples: { labels: string[] }[] };
    expect(batch.examples[0].labels.length).toBeGreaterThan(1);
  });

  it.each([
    [['--set', 'loss.margin=-1'], 2, /loss\.margin/],
    [['--set', 'lose.margin=1'], 2, /lose/],
    [['--set', 'labels.near_negatives=2'], 2, /labels\.near_negatives/],
    [['--set', 'labels.min=30'], 2, /labels\.max.*less than labels\.min/],
    [['--config', 'none'], 2, /no settings file none, and no preset/],
    [['--set', 'model.label_style=marker', '--set', 'model.marker=[nope]'], 2, /the marker "\[nope\]" is not a token/],
    [['--learning-rate', 'x'], 2, /expected a number above 0/],
    [['--device', 'tpu'], 2, /'tpu' is invalid\. Allowed choices are auto, cpu, gpu/],
    [['--device', 'gpu'], 1, /TensorFlow is not installed: `glz setup-gpu` installs it/],
    [['--device', 'cuda'], 1, /CUDA provider is not installed: `glz setup-gpu --cuda` installs it/],
  ])('%j: exit code %i', async (args, code, message) => {
    const result = await train(output(), args as string[]);
    expect(result.stderr).toMatch(message as RegExp);
    expect(result.code).toBe(code);
  });

  it.each([
    ['{"text":"a","labels":["x"]}\n{"text":"b"', /bad\.jsonl, line 2: not JSON/],
    ['{"text":"a","labels":["x"]}\n{"text":"b"}', /bad\.jsonl, line 2: no field "labels"/],
    ['{"text":"a","labels":["x"]}\n', /fewer than two labels/],
    ['{"text":"b"}\n', /bad\.jsonl, line 1: no field "labels"/],
    ['', /no records/],
  ])('training data %j', async (content, message) => {
    const path = join(temporaryFolder(), 'bad.jsonl');
    writeFileSync(path, content);
    const { code, stderr } = await callGlz(['train', '--encoder', TINY_ENCODER, '--data', path, '--output', output()]);
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
    const dry = await callGlz(['train', '--encoder', TINY_ENCODER, '--data', path, '--output', output(), '--dry-run']);
    expect(dry.stderr).toMatch(message);
    expect(dry.code).toBe(1);
  });
});
