/** What commands do to the files of others, and to each other: nothing of the user's is lost, two runs do not share an output. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callGlz } from '../call-glz.ts';
import { startFaultServer } from '../generate/providers/fault-server.ts';
import { type GlzRun, linesOf, runGlz } from '../run-glz.ts';
import { ROOT, TINY_ENCODER, temporaryFolder, writeTinyCheckpoint } from '../tiny-checkpoint.ts';

const folder = temporaryFolder();
const data = join(folder, 'data.jsonl');
const rows = ['red', 'green', 'blue'].flatMap((label) =>
  Array.from({ length: 8 }, (_, i) => ({ text: `the ${label} one of ${i}`, labels: [label] })),
);
let checkpoint = '';
beforeAll(async () => {
  writeFileSync(data, rows.map((row) => JSON.stringify(row)).join('\n'));
  checkpoint = await writeTinyCheckpoint();
});

const SETTINGS = ['--encoder', TINY_ENCODER, '--data', data, '--batch-size', '4', '--threads', '1', '--set', 'model.projection=8'];
const train = (output: string, args: string[], run?: GlzRun) => {
  const command = ['train', ...SETTINGS, '--output', output, ...args];
  return run ? runGlz(command, run) : callGlz(command);
};
const LONG = ['--epochs', '4000', '--max-steps', '100000', '--set', 'save_every=20'];

/** Files under a folder with their contents. */
const contents = (path: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(path, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(path, name)).isFile())
      .sort()
      .map((name) => [name, readFileSync(join(path, name), 'utf8')]),
  );

/** Does something once, when what a run says matches. */
function once(pattern: RegExp, act: (kill: (signal: NodeJS.Signals) => void) => void): GlzRun['onStderr'] {
  let done = false;
  return (text, kill) => {
    if (done || !pattern.test(text)) return;
    done = true;
    act(kill);
  };
}
const OFTEN = { GLZ_PROGRESS_INTERVAL: '0.2' };

describe('glz train', () => {
  it('changes nothing in a folder with files of somebody else that it would replace, also with --overwrite and --resume', async () => {
    const output = join(folder, 'mine');
    for (const name of ['report.html', 'a.tmp', 'tensorboard/notes', 'states/step-1/notes', 'final/notes']) {
      mkdirSync(join(output, name, '..'), { recursive: true });
      writeFileSync(join(output, name), 'mine');
    }
    const before = contents(output);
    for (const flag of ['--overwrite', '--resume']) {
      const { code, stderr } = await train(output, ['--max-steps', '2', flag]);
      expect([code, stderr]).toEqual([
        2,
        `glz: ${output} holds states, tensorboard, final, report.html, which a run would replace and no run of glz train wrote (run.json does not list it); choose another --output, or move it away\n`,
      ]);
      expect(contents(output)).toEqual(before);
    }
  });

  it('leaves other files alone: beside its own, in its folders, over --overwrite and --resume', async () => {
    const output = join(folder, 'shared');
    const mine = { 'notes.tmp': 'mine', 'data/x': 'mine', 'step-3.tmp/x': 'mine' };
    for (const [name, text] of Object.entries(mine)) {
      mkdirSync(join(output, name, '..'), { recursive: true });
      writeFileSync(join(output, name), text);
    }
    const args = ['--max-steps', '4', '--set', 'save_every=2', '--set', 'keep=1', '--set', 'keep_states=true'];
    expect((await train(output, args)).code).toBe(0);
    const inside = { 'final/README.md': 'mine', 'tensorboard/other': 'mine', 'states/step-4/notes': 'mine' };
    for (const [name, text] of Object.entries(inside)) writeFileSync(join(output, name), text);
    expect((await train(output, [...args, '--resume'])).code).toBe(0);
    expect(contents(output)).toMatchObject({ ...mine, ...inside });
    expect((await train(output, [...args, '--overwrite', '--seed', '7', '--set', 'keep_states=false'])).code).toBe(0);
    expect(contents(output)).toMatchObject({ ...mine, ...inside });
    expect(readdirSync(join(output, 'states'), { recursive: true })).toEqual(['step-4', join('step-4', 'notes')]);
    expect(readdirSync(output).filter((name) => /lock|glz-/.test(name))).toEqual([]);
    expect(linesOf(join(output, 'training.jsonl'))).toBe(4);
  });

  it('trains once in a folder; saves when the terminal goes away', async () => {
    const output = join(folder, 'once');
    let second: ReturnType<typeof train> | undefined;
    const first = await train(output, LONG, {
      env: OFTEN,
      onStderr: once(/train: \d+\//, async (kill) => {
        second = train(output, [...LONG, '--resume']);
        await second;
        kill('SIGHUP');
      }),
    });
    const refused = await second!;
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/once is in use: glz with the process number \d+ writes it \(lock .*once\/run\.glz-.*\.lock\); wait for it/),
    ]);
    expect(first.code).toBe(130);
    const step = Number(/stopped at step (\d+)/.exec(first.stderr)![1]);
    expect(readdirSync(join(output, 'states'))).toContain(`step-${step}`);
    const steps = readFileSync(join(output, 'training.jsonl'), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { step: number }).step);
    expect(steps).toEqual(Array.from({ length: step }, (_, i) => i + 1));
  });

  it('goes on where a killed one holds the lock', async () => {
    const output = join(folder, 'killed');
    const killed = await train(output, LONG, { killWhen: () => linesOf(join(output, 'training.jsonl')) > 30 });
    expect(killed.signal).toBe('SIGKILL');
    expect(readdirSync(output).filter((name) => name.endsWith('.lock')).length).toBe(1);
    const { code, stderr } = await train(output, [...LONG, '--resume'], {
      env: OFTEN,
      onStderr: once(/train: \d+\//, (kill) => kill('SIGTERM')),
    });
    expect([code, stderr]).toEqual([130, expect.stringMatching(/stopped at step \d+ of/)]);
    expect(readdirSync(output).filter((name) => /\.(lock|tmp)$/.test(name))).toEqual([]);
  });
});

describe('glz generate', () => {
  const args = ['generate', '--provider', 'groq', '--model', 'm', '--languages', 'Esperanto', '--count', '100000', '--concurrency', '4'];

  it('writes an output once; stops with everything on disk when the terminal goes away', async () => {
    const server = await startFaultServer({ share: 0, faults: [] });
    const env = { GROQ_API_KEY: 'k', GROQ_BASE_URL: server.url, ...OFTEN };
    const output = join(folder, 'out.jsonl');
    try {
      let second: ReturnType<typeof callGlz> | undefined;
      const first = await runGlz([...args, '--output', output], {
        env,
        onStderr: once(/generate: [1-9]/, async (kill) => {
          second = callGlz([...args, '--output', output], { env });
          await second;
          kill('SIGHUP');
        }),
      });
      const refused = await second!;
      expect([refused.code, refused.stderr]).toEqual([
        1,
        expect.stringMatching(/^glz: .*out\.jsonl is in use: glz with the process number \d+ writes it/),
      ]);
      expect([first.code, first.stderr]).toEqual([130, expect.stringMatching(new RegExp(`stopped with ${linesOf(output)} of 100000`))]);
      const report = await callGlz([...args, '--output', output, '--report', `${output}.journal`], { env });
      expect([report.code, report.stderr]).toEqual([2, expect.stringMatching(/would replace the run's own file/)]);
    } finally {
      await server.close();
    }
  });
});

describe('glz predict', () => {
  it('writes an output once, and keeps what is done when the terminal goes away', async () => {
    const [input, output] = [join(folder, 'long.jsonl'), join(folder, 'labelled.jsonl')];
    // Many: on a busy machine the second run takes long to be refused.
    writeFileSync(input, Array.from({ length: 300_000 }, (_, id) => `${JSON.stringify({ id, text: `text ${id}` })}\n`).join(''));
    const args = [
      'predict',
      input,
      '--checkpoint',
      checkpoint,
      '--labels',
      'a,b',
      '--batch-size',
      '1',
      '--threads',
      '1',
      '--output',
      output,
    ];
    let second: ReturnType<typeof callGlz> | undefined;
    const first = await runGlz(args, {
      env: OFTEN,
      onStderr: once(/predict: [1-9]/, async (kill) => {
        second = callGlz(args);
        await second;
        kill('SIGHUP');
      }),
    });
    const refused = await second!;
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/labelled\.jsonl is in use: glz with the process number/)]);
    expect([first.code, first.stderr]).toEqual([130, expect.stringMatching(/stopped after \d+ texts.*; they are in .*\.partial/)]);
    expect(linesOf(`${output}.partial`)).toBe(Number(/stopped after (\d+)/.exec(first.stderr)![1]));
    expect(readdirSync(folder).filter((name) => name.startsWith('labelled'))).toEqual(['labelled.jsonl.partial']);
  });
});

describe('a terminal that is gone', () => {
  // The shell outlives its terminal, to say how the command ended; the system tells it of that, and nobody else.
  it.each([
    ['and says so: the command ends as by Ctrl-C', "trap 'kill -HUP $p' HUP", 50_000, '130\n', '.partial'],
    ['without a word: the command goes on to its end', "trap '' HUP", 1000, '0\n', ''],
  ])('%s', async (_, onHangUp, count, code, ending) => {
    if (process.platform !== 'linux' || spawnSync('script', ['--version']).status !== 0) return; // no terminal to be had
    const [input, output, ended] = ['in.jsonl', 'out.jsonl', 'code'].map((name) => join(folder, `lost-${count}-${name}`));
    writeFileSync(input, Array.from({ length: count }, (_, id) => `${JSON.stringify({ id, text: `text ${id}` })}\n`).join(''));
    const words = [process.execPath, join(ROOT, 'bin/glz.js'), 'predict', input, '--checkpoint', checkpoint, '--labels', 'a,b'];
    const command = [...words, '--batch-size', '1', '--threads', '1', '--output', output].map((word) => `'${word}'`).join(' ');
    const script = `${command} & p=$!; ${onHangUp}; wait $p; code=$?; [ $code != 129 ] || { wait $p; code=$?; }; echo $code > '${ended}'`;
    const terminal = spawn('script', ['-q', '/dev/null', '-c', script], { env: { ...process.env, GLZ_PROGRESS_INTERVAL: '0.01' } });
    let said = '';
    terminal.stdout.on('data', (piece) => {
      said += piece;
      if (/predict: [1-9]/.test(said)) terminal.kill('SIGKILL');
    });
    while (linesOf(ended) === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(readFileSync(ended, 'utf8')).toBe(code);
    expect(terminal.signalCode).toBe('SIGKILL');
    if (ending === '') expect(linesOf(output)).toBe(count);
    else expect(linesOf(`${output}${ending}`)).toBeGreaterThan(0);
    expect(readdirSync(folder).filter((name) => /^lost.*\.(lock|tmp)$/.test(name))).toEqual([]);
  });
});

describe('glz eval', () => {
  it('ends in order when the terminal goes away', async () => {
    const large = join(folder, 'large.jsonl');
    writeFileSync(
      large,
      Array.from({ length: 20_000 }, (_, id) => `${JSON.stringify({ text: `text ${id}`, labels: [id % 2 ? 'a' : 'b'] })}\n`).join(''),
    );
    const args = ['eval', '--data', large, '--checkpoint', checkpoint, '--baseline', 'random', '--latency-calls', '0', '--threads', '1'];
    const { code, stderr } = await runGlz(args, {
      env: { GLZ_PROGRESS_INTERVAL: '0.01' },
      onStderr: once(/checkpoint on large: /, (kill) => kill('SIGHUP')),
    });
    expect([code, stderr]).toEqual([130, expect.stringMatching(/glz: interrupted; finished sets are kept/)]);
  });
});

describe('glz export', () => {
  it('replaces an export, and no folder with files of somebody else', async () => {
    const output = join(folder, 'onnx');
    const exported = (args: string[]) => callGlz(['export', '--checkpoint', checkpoint, '--output', output, ...args]);
    expect((await exported(['--precision', 'fp32'])).code).toBe(0);
    expect((await exported(['--overwrite', '--precision', 'int8'])).code).toBe(0);
    expect(readdirSync(output).filter((name) => name.endsWith('.onnx'))).toEqual(['model_int8.onnx']);
    writeFileSync(join(output, 'notes.txt'), 'mine');
    const before = contents(output);
    const refused = await exported(['--overwrite']);
    expect([refused.code, refused.stderr]).toEqual([
      2,
      `glz: ${output} holds notes.txt, which no export wrote; --overwrite replaces an export only: name another folder\n`,
    ]);
    expect(contents(output)).toEqual(before);
    const project = join(folder, 'project');
    mkdirSync(project);
    writeFileSync(join(project, 'README.md'), 'mine');
    const other = await callGlz(['export', '--checkpoint', checkpoint, '--output', project, '--overwrite']);
    expect([other.code, other.stderr, contents(project)]).toEqual([2, expect.stringMatching(/is no export/), { 'README.md': 'mine' }]);
  });
});
