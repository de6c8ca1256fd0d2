import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { callGlz } from '../call-glz.ts';
import { runGlz } from '../run-glz.ts';
import { ROOT, temporaryFolder, writeTinyCheckpoint } from '../tiny-checkpoint.ts';

const GLZ = join(ROOT, 'bin/glz.js');
const folder = temporaryFolder();
let checkpoint = '';
beforeAll(async () => {
  checkpoint = await writeTinyCheckpoint();
});

const command = (args: string[]) => ['predict', '--checkpoint', checkpoint, '--threads', '1', ...args];
const predict = (args: string[], run = {}) => callGlz(command(args), run);
const lines = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const texts = Array.from(
  { length: 150 },
  (_, i) => `the ${['bank', 'train', 'film', 'game'][i % 4]} was ${'very '.repeat(i % 13)}good ${i}`,
);

describe('glz predict', () => {
  it('labels one text: labels best first, scores that sum to 1', async () => {
    const { code, stdout } = await predict(['--text', 'the train was late', '--labels', 'travel, sport ,film']);
    expect(code).toBe(0);
    const [record] = lines(stdout) as { labels: string[]; scores: number[]; text: string }[];
    expect([...record.labels].sort()).toEqual(['film', 'sport', 'travel']);
    expect(record.scores.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 4);
    expect([...record.scores].sort((a, b) => b - a)).toEqual(record.scores);
  });

  it('gives the same labels in input order from JSONL, CSV, TSV, plain lines, gzip and stdin, at any batch size', async () => {
    const jsonl = texts.map((text, id) => JSON.stringify({ id, text })).join('\n');
    const inputs: Record<string, string | Buffer> = {
      'a.jsonl': jsonl,
      'a.jsonl.gz': gzipSync(jsonl),
      'a.csv': `text\n${texts.map((text) => `"${text}"`).join('\n')}`,
      'a.tsv': `text\n${texts.join('\n')}`,
      'a.txt': texts.join('\n'),
    };
    const scores: string[] = [];
    for (const [name, content] of Object.entries(inputs)) {
      const path = join(folder, name);
      writeFileSync(path, content);
      const { code, stdout } = await predict([path, '--labels', 'travel,sport,film', '--batch-size', String(scores.length * 7 + 1)]);
      expect(code).toBe(0);
      const records = lines(stdout) as { text: string; labels: string[]; scores: number[] }[];
      expect(records.map(({ text }) => text)).toEqual(texts);
      scores.push(JSON.stringify(records.map(({ labels, scores }) => labels.map((label, at) => [label, scores[at].toFixed(4)]))));
    }
    const { stdout } = await predict(['-', '--labels', 'travel,sport,film'], { input: jsonl });
    const records = lines(stdout) as { labels: string[]; scores: number[] }[];
    scores.push(JSON.stringify(records.map(({ labels, scores }) => labels.map((label, at) => [label, scores[at].toFixed(4)]))));
    expect(new Set(scores).size).toBe(1);
  });

  it('passes fields through, keeps true labels, uses own candidates, top-k, threshold and multi-label', async () => {
    const input = [
      { text: 'a game', labels: ['sport'], id: 7, nested: { a: [1] } },
      { text: 'a film', candidate_labels: ['film', 'tax', 'game'] },
    ];
    const jsonl = `${input.map((record) => JSON.stringify({ candidate_labels: ['sport', 'film'], ...record })).join('\n')}\n`;
    const { stdout } = await predict(['-', '--top-k', '1'], { input: jsonl });
    const [first, second] = lines(stdout) as { labels: string[]; scores: number[]; true_labels?: string[] }[];
    expect(first).toMatchObject({ id: 7, nested: { a: [1] }, true_labels: ['sport'] });
    expect([first.labels.length, second.labels.length, second.true_labels]).toEqual([1, 1, undefined]);
    const multi = await predict(['-', '--multi-label', '--threshold', '0'], { input: jsonl });
    expect((lines(multi.stdout)[1] as { labels: string[] }).labels.length).toBe(3);
    const none = await predict(['-', '--multi-label', '--threshold', '1'], { input: jsonl });
    expect((lines(none.stdout)[1] as { labels: string[] }).labels).toEqual([]);
  });

  it('reads labels from a file: lines, or JSON', async () => {
    const plain = join(folder, 'labels.txt');
    const json = join(folder, 'labels.json');
    writeFileSync(plain, 'sport\nfilm, and more\n\n');
    writeFileSync(json, '["sport","film, and more"]');
    const results = [];
    for (const path of [plain, json]) results.push((await predict(['--text', 'x y', '--labels-file', path])).stdout);
    expect(results[0]).toBe(results[1]);
    expect(results[0]).toContain('film, and more');
  });

  it('writes --output whole, with nothing on stdout', async () => {
    const output = join(folder, 'out.jsonl');
    const { code, stdout } = await predict(['-', '--labels', 'a,b', '--output', output], { input: 'one\ntwo\n' });
    expect([code, stdout]).toEqual([0, '']);
    expect(lines(readFileSync(output, 'utf8')).length).toBe(2);
    expect(existsSync(`${output}.partial`)).toBe(false);
  });

  it('holds back labels that win too often over the whole file, in whatever order its records are', async () => {
    const path = join(folder, 'balance.jsonl');
    const labelled = async (order: string[], ...args: string[]) => {
      // A malformed line is skipped once, not twice.
      writeFileSync(path, `${order.map((text) => JSON.stringify({ text })).join('\n')}\n{"no": 1}\n`);
      const { code, stdout, stderr } = await predict([path, '--labels', 'travel,sport,film', '--top-k', '1', ...args]);
      expect([code, stderr.match(/skipped: /g)?.length]).toEqual([0, 1]);
      const records = lines(stdout) as { text: string; labels: string[]; scores: number[] }[];
      return { stderr, byText: new Map(records.map(({ text, labels, scores }) => [text, `${labels[0]} ${scores[0].toFixed(4)}`])) };
    };
    const most = ({ byText }: { byText: Map<string, string> }) => {
      const counts = new Map<string, number>();
      for (const each of byText.values()) counts.set(each.split(' ')[0], (counts.get(each.split(' ')[0]) ?? 0) + 1);
      return Math.max(...counts.values());
    };
    const plain = await labelled(texts);
    const balanced = await labelled(texts, '--balance');
    expect(balanced.stderr).toMatch(/^balance: over 150 texts (travel|sport|film) \d+ %, \w+ \d+ %, \w+ \d+ %$/m);
    expect(most(balanced)).toBeLessThan(most(plain));
    expect((await labelled([...texts].reverse(), '--balance')).byText).toEqual(new Map([...balanced.byText].reverse()));
    expect((await labelled(texts.slice(0, 20), '--balance')).stderr).toMatch(/note: 20 texts say little .* files of 50 and more/);
  });

  it('reads a text of 10 MB and a set of 300 labels, and says what was cut', async () => {
    const input = `${JSON.stringify({ text: 'word '.repeat(2_000_000) })}\n`;
    const labels = Array.from({ length: 300 }, (_, i) => `label ${i}`).join(',');
    const { code, stdout, stderr } = await predict(['-', '--labels', labels, '--shortlist', '0'], { input });
    expect(code).toBe(0);
    expect((lines(stdout)[0] as { labels: string[] }).labels.length).toBe(300);
    expect(stderr).toMatch(/1 of 1 texts are longer than the model reads/);
  });

  it('skips malformed records, says which, and fails on them if told to', async () => {
    const input = '{"text":"good"}\n{"text":\n{"no":1}\n{"text":"good too"}\n';
    const skip = await predict(['-', '--labels', 'a,b', '--format', 'jsonl'], { input });
    expect(skip.code).toBe(0);
    expect(lines(skip.stdout).map(({ text }) => text)).toEqual(['good', 'good too']);
    expect(skip.stderr).toMatch(/skipped: stdin, line 2: not JSON/);
    expect(skip.stderr).toMatch(/skipped: stdin, line 3: no field "text"/);
    expect(skip.stderr).toMatch(/2 records were skipped/);
    const fail = await predict(['-', '--labels', 'a,b', '--format', 'jsonl', '--on-error', 'fail'], { input });
    expect(fail.code).toBe(1);
    expect(fail.stderr).toMatch(/glz: stdin, line 2: not JSON/);
  });

  it('ends quietly when the reader of stdout goes away', async () => {
    const input = texts.join('\n');
    const path = join(folder, 'pipe.txt');
    writeFileSync(path, input);
    const { stdout, stderr } = spawnSync(
      'sh',
      ['-c', `"${process.execPath}" "${GLZ}" predict "${path}" --checkpoint "${checkpoint}" --labels a,b --quiet | head -n 1`],
      { encoding: 'utf8' },
    );
    expect(lines(stdout).length).toBe(1);
    expect(stderr).toBe('');
  });

  it('keeps the whole lines that a full disk took, and says how many', async () => {
    const path = join(folder, 'disk.txt');
    writeFileSync(path, texts.join('\n'));
    const output = join(temporaryFolder(), 'out.jsonl');
    const command = `ulimit -f 16; exec "${process.execPath}" "${GLZ}" predict "${path}" --checkpoint "${checkpoint}" --labels a,b --output "${output}"`;
    const { status, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(existsSync(output)).toBe(false);
    const kept = readFileSync(`${output}.partial`, 'utf8');
    const [, count] = /cannot write .*out\.jsonl: .*; the (\d+) texts that were written are in .*out\.jsonl\.partial/.exec(stderr)!;
    expect(lines(kept).map(({ text }) => text)).toEqual(texts.slice(0, Number(count)));
    expect(Number(count)).toBeGreaterThan(0);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('says that stdout is closed, and that too few files may be open', async () => {
    if (process.platform !== 'linux') return;
    const shell = (before: string, after = '') =>
      spawnSync(
        'sh',
        [
          '-c',
          `${before}; exec "$@" ${after}`,
          'sh',
          process.execPath,
          GLZ,
          'predict',
          '--checkpoint',
          checkpoint,
          '--text',
          'a',
          '--labels',
          'b,c',
        ],
        {
          encoding: 'utf8',
          env: { ...process.env, GLZ_CACHE: temporaryFolder() },
        },
      );
    expect(shell('true', '>&-')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /^glz: stdout is closed, or \/dev\/null opened for reading too, and the results would be lost: give --output FILE \(\/dev\/null throws/,
      ),
    });
    // What a parent opens so cannot be told from that; the way out works.
    expect(shell('true', '1<>/dev/null')).toMatchObject({ status: 1, stderr: expect.stringMatching(/stdout is closed, or \/dev\/null/) });
    expect(shell('true', '--output /dev/null 1<>/dev/null')).toMatchObject({ status: 0, stderr: expect.not.stringMatching(/glz:/) });
    expect(shell('ulimit -n 24')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: 'glz: the system allows too few open files: raise the limit (ulimit -n 1024)\n',
    });
  });

  it('shows the terminal nothing of texts and keys that it would obey', async () => {
    const input =
      '{"text":"ok"}\n{"\\u001b[2J": 1}\n{"text": "\u001b[31m"}\n{"text":"a","candidate_labels":"\u009b1m"}\n"\u001b]0;x\u0007"\n[\u001b';
    const { stderr } = await predict(['-', '--format', 'jsonl', '--text-field', 'te\u001bxt', '--labels', 'a,b'], { input });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly those are looked for
    expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    expect(stderr).toContain('te\\u001bxt');
    const nested = await predict(['-', '--labels', 'a,b'], { input: `{"text":"a","more":${'['.repeat(40_000)}${']'.repeat(40_000)}}\n` });
    expect(nested).toMatchObject({ code: 1, stdout: '' });
    expect(nested.stderr).toMatch(/stdin, line 1: nested more than 500 levels deep/);
  });

  it('says that stdout cannot be written', async () => {
    const command = `"${process.execPath}" "${GLZ}" predict --text x --checkpoint "${checkpoint}" --labels a,b > /dev/full`;
    const { status, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([1, 'glz: cannot write to stdout: no space left on device\n']);
  });

  it.each([
    [['--text', 'x'], 2, /--text needs labels/],
    [['--text', 'x', '--labels', ''], 2, /--labels: no labels/],
    [['--text', 'x', '--labels', 'a,,b'], 2, /label 2 is empty/],
    [['--text', 'x', '--labels', 'a,b,a'], 2, /label "a" occurs twice \(1 and 3\)/],
    [['--text', 'x', '--labels', 'a', '--labels-file', 'f'], 2, /either --labels or --labels-file/],
    [['--text', 'x', '--labels-file', '/none.txt'], 1, /cannot read the labels \/none\.txt: no such file or directory$/m],
    [['none.jsonl', '--labels', 'a,b'], 1, /none\.jsonl: no such file/],
    [[folder, '--labels', 'a,b'], 1, /is a folder, not a file of records/],
    [['--text', 'x', '--labels', 'a,b', '--threshold', '2'], 2, /from 0 to 1/],
    [['--text', 'x', '--labels', 'a,b', '--precision', 'int4'], 2, /Allowed choices/],
    [['--text', 'x', '--labels', `a,${'very long label '.repeat(60)}`], 1, /is too long/],
    [['--text', 'x', '--labels', 'a,\u200b'], 1, /has no token/],
    [['-', '--labels', 'a,b', '--output', '/dev/null/such/file'], 1, /cannot write/],
    [['-', '--labels', 'a,b', '--balance'], 2, /--balance looks at the whole input before it labels it: give a file/],
    [['/dev/stdin', '--labels', 'a,b', '--balance', '--format', 'text'], 2, /--balance looks at the whole input/],
    [['--text', 'x', '--labels', 'a,b', '--balance'], 2, /--balance looks at the whole input/],
    [['none.jsonl', '--labels', 'a,b', '--balance', '--multi-label'], 2, /--balance is for one label a text/],
    [[join(ROOT, 'datasets/demo/tickets.jsonl'), '--balance'], 2, /--balance needs the same labels for all records/],
  ])('%j: exit code %i and one clear line', async (args, code, message) => {
    const result = await predict(args as string[], { input: 'text\n' });
    expect(result.stderr).toMatch(message as RegExp);
    expect(result.code).toBe(code);
    expect(result.stderr).not.toMatch(/\n\s+at /);
  });

  const withConfig = (config: string) => (path: string) => {
    mkdirSync(path);
    writeFileSync(join(path, 'config.json'), config);
  };
  const broken = (file: string, change: (content: Buffer) => string | Buffer | undefined) => (path: string) => {
    cpSync(checkpoint, path, { recursive: true });
    const content = change(readFileSync(join(path, file)));
    if (content === undefined) rmSync(join(path, file));
    else writeFileSync(join(path, file), content);
  };
  it.each([
    ['no weights', broken('model.safetensors', () => undefined), /model\.safetensors: no such file or directory/],
    ['weights cut short', broken('model.safetensors', (bytes) => bytes.subarray(0, bytes.length / 2)), /model\.safetensors: .*cut short/],
    ['no tokenizer', broken('tokenizer.json', () => undefined), /has no tokenizer/],
    [
      'weights of another shape',
      broken('config.json', (bytes) => bytes.toString().replace('"projection": 16', '"projection": 8')),
      /tensor ".*" has the shape \[16,\d+\], the configuration asks for \[8,\d+\]/,
    ],
    [
      'an unknown encoder',
      broken('config.json', (bytes) => bytes.toString().replace('"model_type": "bert"', '"model_type": "gpt"')),
      /config\.json: encoder config: "model_type" is "gpt"; supported: bert/,
    ],
    ['no such folder', () => {}, /no such folder/],
    ['an empty folder', (path: string) => void mkdirSync(path), /holds no checkpoint/],
    ['an encoder', withConfig('{"model_type":"bert"}'), /not "gliznet"/],
    ['broken JSON', withConfig('{'), /config\.json/],
  ])('checkpoint: %s', async (_, make, message) => {
    const path = join(temporaryFolder(), 'c');
    make(path);
    const { code, stderr } = await callGlz(['predict', '--checkpoint', path, '--text', 'x', '--labels', 'a,b', '--quiet']);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n').length).toBe(1);
  });

  it('stops on SIGINT with what is done on disk', async () => {
    const path = join(folder, 'long.txt');
    writeFileSync(path, Array.from({ length: 60_000 }, (_, i) => `text number ${i}`).join('\n'));
    const output = join(folder, 'long.jsonl');
    let killed = false;
    const { code, stderr } = await runGlz(command([path, '--labels', 'a,b,c', '--output', output]), {
      onStderr: (text: string, kill: (signal: NodeJS.Signals) => void) => {
        if (killed || !/predict: [1-9]/.test(text)) return;
        killed = true;
        kill('SIGINT');
      },
      env: { GLZ_PROGRESS_INTERVAL: '0.3' },
    });
    expect(code).toBe(130);
    expect(stderr).toMatch(/stopped after (\d+) texts/);
    const done = Number(/stopped after (\d+) texts/.exec(stderr)![1]);
    expect(done).toBeLessThan(60_000);
    expect(lines(readFileSync(`${output}.partial`, 'utf8')).length).toBe(done);
  });
});
