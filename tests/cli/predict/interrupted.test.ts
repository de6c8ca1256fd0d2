/** `glz predict` that ends early, as a process: Ctrl-C, a full disk, a bad line. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callGlz } from '../../call-glz.ts';
import { ROOT, temporaryFolder, writeTinyCheckpoint } from '../../tiny-checkpoint.ts';

const folder = temporaryFolder();
let checkpoint = '';
beforeAll(async () => {
  checkpoint = await writeTinyCheckpoint();
});

const texts = (count: number) => Array.from({ length: count }, (_, i) => `text ${'very '.repeat((5 * i) % 17)}good ${i}`);
const jsonl = (count: number) =>
  texts(count)
    .map((text, id) => `${JSON.stringify({ id, text })}\n`)
    .join('');
const idsOf = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => Number((JSON.parse(line) as { id: number }).id));
const upTo = (count: number) => Array.from({ length: count }, (_, id) => id);
/** The command for a shell. */
const shell = (...args: string[]) =>
  [process.execPath, join(ROOT, 'bin/glz.js'), 'predict', '--checkpoint', checkpoint, '--threads', '1', ...args]
    .map((word) => `'${word}'`)
    .join(' ');

type Act = (child: ChildProcess) => void;
const interrupt: Act = (child) => void child.kill('SIGINT');
/** Once the command has come to wait. */
const soon =
  (act: Act): Act =>
  (child) =>
    void setTimeout(() => act(child), 300);

/** Runs a shell's command with an input that stays open, until what it prints matches each of `steps` in turn, which may act on it. */
async function converse(command: string, input: string, steps: [RegExp, Act][], program = 'sh -c') {
  const [file, ...options] = program.split(' ');
  const child = spawn(file, [...options, command], {
    cwd: folder,
    env: { ...process.env, GLZ_PROGRESS_INTERVAL: '0.0001' },
    stdio: 'pipe',
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), 50_000);
  let [stdout, stderr, step] = ['', '', 0];
  const look = () => {
    if (!steps[step]?.[0].test(stdout + stderr)) return;
    steps[step++][1](child);
  };
  child.stdout.on('data', (piece) => {
    stdout += piece;
    look();
  });
  child.stderr.on('data', (piece) => {
    stderr += piece;
    look();
  });
  child.stdin.on('error', () => {});
  child.stdin.write(input);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  return { code, stdout, stderr };
}

describe('glz predict, interrupted', () => {
  it.each(['file', 'stdout'])('writes the records that were read when it waits for more: %s', async (where) => {
    const output = join(temporaryFolder(), 'out.jsonl');
    const args = where === 'file' ? ['--output', output] : [];
    // The second chunk is waiting for 256.
    const command = `exec ${shell('-', '--labels', 'a,b', ...args)}`;
    const { code, stdout, stderr } = await converse(command, jsonl(100), [[/predict: 64/, soon(interrupt)]]);
    expect(stderr).toMatch(/^stopping after this batch \(again to stop at once\)$/m);
    expect(stderr).toMatch(/^stopped after 100 texts/m);
    expect(code).toBe(130);
    expect(idsOf(where === 'file' ? readFileSync(`${output}.partial`, 'utf8') : stdout)).toEqual(upTo(100));
  });

  it('stops within a chunk and keeps what is labelled, in order', async () => {
    const path = join(folder, 'long.jsonl');
    const output = join(temporaryFolder(), 'out.jsonl');
    writeFileSync(path, jsonl(20_000));
    const steps: [RegExp, Act][] = [[/predict: (32[1-9]|3[3-9]\d|[4-9]\d\d|\d{4})/, interrupt]];
    const { code, stderr } = await converse(`exec ${shell(path, '--labels', 'a,b', '--batch-size', '1', '--output', output)}`, '', steps);
    expect(code).toBe(130);
    const [, count, of, done] = /stopped after (\d+) texts \(of the last (\d+) records (\d+) were done\)/.exec(stderr)!.map(Number);
    const ids = idsOf(readFileSync(`${output}.partial`, 'utf8'));
    expect(ids.length).toBe(count);
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect(ids.slice(0, count - done)).toEqual(upTo(count - done));
    expect(done).toBeLessThan(of);
    expect(readdirSync(join(output, '..'))).toEqual(['out.jsonl.partial']);
    // The total is that of the file from the first line on.
    const totals = [...stderr.matchAll(/predict: \d+\/(\d+) /g)].map(([, total]) => Number(total));
    for (const total of totals) expect(Math.abs(total / 20_000 - 1)).toBeLessThan(0.1);
    expect(totals.length).toBeGreaterThan(0);
  });

  it('stops at once the second time, with what is written in its place and the cursor shown again', async () => {
    if (process.platform !== 'linux' || spawnSync('script', ['--version']).status !== 0) return; // no terminal to be had
    const path = join(folder, 'some.jsonl');
    // The first chunks take no time; the records behind them would take long, and are more than a pipe and a reader hold back.
    const record = (id: number, labels: number) =>
      JSON.stringify({ id, text: `text ${id}`, candidate_labels: Array.from({ length: labels }, (_, at) => `label ${at}`) });
    writeFileSync(path, Array.from({ length: 320 + 600 }, (_, id) => `${record(id, id < 320 ? 2 : 250)}\n`).join(''));
    const controlC: Act = (child) => void child.stdin!.write('\x03');
    const interruptTwice = async (output: string) => {
      const labelling = shell('-', '--shortlist', '0', '--batch-size', '1', '--output', output);
      const command = `(cat '${path}'; echo all is sent >&2; sleep 40) | ${labelling}`;
      const steps: [RegExp, Act][] = [
        // What was read is labelled to its end once; that has begun when it says so.
        [/^(?=.*predict: 320)(?=.*all is sent)/s, controlC],
        [/stopping after this batch/, controlC],
      ];
      return converse(command, '', steps, 'script -q /dev/null -ec');
    };
    let output = join(temporaryFolder(), 'out.jsonl');
    let { stdout } = await interruptTwice(output);
    // On a busy machine the batch may end before the second one comes.
    for (let again = 0; again < 3 && stdout.includes('stopped after'); again++) {
      output = join(temporaryFolder(), 'out.jsonl');
      ({ stdout } = await interruptTwice(output));
    }
    expect(stdout).not.toMatch(/stopped after/);
    expect(stdout.lastIndexOf('\x1b[?25h')).toBeGreaterThan(stdout.lastIndexOf('\x1b[?25l'));
    expect(stdout).toContain('\x1b[?25l');
    expect(idsOf(readFileSync(`${output}.partial`, 'utf8'))).toEqual(upTo(320));
  });

  it('tells of a full disk also when it is noticed after the last record', async () => {
    const output = join(temporaryFolder(), 'out.jsonl');
    const command = `ulimit -f 4; exec ${shell('-', '--labels', 'a,b', '--output', output)}`;
    const end = soon((child) => void child.stdin!.end());
    const { code, stderr } = await converse(command, jsonl(64), [[/predict: 64|cannot write/, end]]);
    expect(stderr).toMatch(/cannot write .*out\.jsonl: file too large; the \d+ texts that were written are in .*\.partial$/m);
    expect(code).toBe(1);
    expect(existsSync(output)).toBe(false);
  });

  it('labels all records before the one that it fails on, and counts them', async () => {
    const output = join(temporaryFolder(), 'out.jsonl');
    const input = `${jsonl(89)}{"id":\n${jsonl(20)}`;
    const { code, stderr } = await callGlz(
      ['predict', '-', '--checkpoint', checkpoint, '--labels', 'a,b', '--on-error', 'fail', '--output', output],
      { input },
    );
    expect(stderr).toMatch(/stdin, line 90: not JSON.*; the 89 texts before it are in .*out\.jsonl\.partial$/m);
    expect(code).toBe(1);
    expect(idsOf(readFileSync(`${output}.partial`, 'utf8'))).toEqual(upTo(89));
  });

  it('that labels nothing leaves what an earlier run kept', async () => {
    const output = join(temporaryFolder(), 'out.jsonl');
    writeFileSync(`${output}.partial`, 'earlier\n');
    const { code } = await callGlz(['predict', '-', '--checkpoint', checkpoint, '--labels', 'a,b', '--output', output], {
      input: '{"no":1}\n',
    });
    expect(code).toBe(1);
    expect(readFileSync(`${output}.partial`, 'utf8')).toBe('earlier\n');
  });

  it('refuses a folder as the output of stdin before the model is loaded', async () => {
    const output = join(temporaryFolder(), 'out');
    mkdirSync(output);
    const args = ['predict', '-', '--checkpoint', '/none', '--labels', 'a,b', '--output', output];
    const { code, stderr } = await callGlz(args, { input: 'text\n' });
    expect([code, stderr]).toEqual([2, `glz: --output ${output}: not a file; name one (stdin has no name of its own in a folder)\n`]);
  });
});
