import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GeneratedRecord } from '../../src/generate/journal.ts';
import { callGlz } from '../call-glz.ts';
import { type FaultServer, type FaultSettings, startFaultServer, uniqueText } from '../generate/providers/fault-server.ts';
import { random } from '../random.ts';
import { type GlzRun, linesOf, runGlz } from '../run-glz.ts';
import { temporaryFolder, writeTinyCheckpoint } from '../tiny-checkpoint.ts';

const folder = temporaryFolder();
let server: FaultServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const ALL = ['429', '500', 'hang up', 'half answer', 'garbage', 'cut array', 'fenced'] as const;
let runs = 0;
const output = () => join(folder, `out-${runs++}.jsonl`);
const records = (path: string) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as GeneratedRecord);

async function glz(provider: 'groq' | 'ollama', settings: FaultSettings, args: string[], own?: GlzRun) {
  server ??= await startFaultServer(settings);
  const env: Record<string, string> =
    provider === 'groq' ? { GROQ_API_KEY: 'secret-key', GROQ_BASE_URL: server.url } : { OLLAMA_HOST: server.url };
  const common = ['generate', '--provider', provider, '--model', 'm', '--back-off', '0.01', '--timeout', '5'];
  // The server's texts are made-up words: a language that is not checked.
  if (!args.includes('--input')) common.push('--languages', 'Esperanto');
  // What is killed or interrupted has a process of its own.
  return own ? runGlz([...common, ...args], { env, ...own }) : callGlz([...common, ...args], { env });
}

describe('glz generate --dry-run', () => {
  const dry = (...args: string[]) => callGlz(['generate', '--provider', 'ollama', '--model', 'm', '--dry-run', ...args]);

  it('splits domains and languages at commas that do not stand in quotes', async () => {
    const { code, stdout } = await dry('--domains', '"food, drinks",sport', '--languages', 'Esperanto, Latin', '--count', '40');
    expect([code, /food, drinks/.test(stdout)]).toEqual([0, true]);
    for (const [flag, text] of [
      ['--domains', '"food, drinks'],
      ['--languages', '"Esperanto'],
    ]) {
      const { code, stderr } = await dry(flag, text);
      expect([code, stderr]).toEqual([
        2,
        expect.stringMatching(new RegExp(`^glz: ${flag}: the quotes do not fit; what has a comma in it`)),
      ]);
    }
    for (const flag of ['--domains', '--languages'])
      for (const text of ['', ' , ']) {
        const { code, stderr } = await dry(flag, text);
        expect([code, stderr]).toEqual([2, `glz: ${flag} is empty: name one at least\n`]);
      }
  });
});

describe('glz generate', () => {
  it.each(['groq', 'ollama'] as const)('%s: writes what was asked for through faults of every kind, and a report', async (provider) => {
    const out = output();
    const { code, stderr, stdout } = await glz(provider, { share: 0.4, faults: ALL }, [
      '--output',
      out,
      '--count',
      '60',
      '--concurrency',
      '4',
    ]);
    expect([code, stdout]).toEqual([0, '']);
    const made = records(out);
    expect(made.length).toBe(60);
    expect(new Set(made.map(({ text }) => text)).size).toBe(60);
    expect(made[0]).toMatchObject({
      labels: [expect.stringMatching(/alpha|gamma/)],
      not_labels: [expect.stringMatching(/beta|delta/)],
      language: 'Esperanto',
    });
    expect(stderr).toMatch(/kept 60 examples, 2 labels/);
    expect(stderr).not.toMatch(/secret-key/);
    expect(readFileSync(`${out}.report.html`, 'utf8')).toMatch(/60 examples by/);
  });

  it('goes on where kill -9 stopped it: none lost, none doubled', async () => {
    const out = output();
    const next = random(2);
    const args = ['--output', out, '--count', '200', '--concurrency', '4'];
    let kills = 0;
    let before = 0;
    for (let attempt = 0; attempt < 6; attempt++) {
      // Killed once it has written some more: three kills at most come before the 200.
      const enough = before + 1 + Math.floor(next() * 60);
      const killWhen = attempt < 3 ? () => linesOf(out) >= enough : undefined;
      const result = await glz('groq', { share: 0.3, faults: ALL, seed: 9 }, args, { killWhen });
      const now = linesOf(out);
      expect(now).toBeGreaterThanOrEqual(before - 2 * 4);
      before = now;
      if (result.signal) kills++;
      else {
        expect(`${result.code}: ${result.stderr.slice(-900)}`).toMatch(/^0:/);
        break;
      }
    }
    expect(kills).toBeGreaterThan(0);
    const made = records(out);
    expect(made.length).toBe(200);
    expect(new Set(made.map(({ text }) => text)).size).toBe(200);
  }, 180_000);

  it('keeps the journal and the output together', async () => {
    const out = output();
    expect((await glz('groq', { share: 0, faults: [] }, ['--output', out, '--count', '10'])).code).toBe(0);
    // A kill between output and journal, and in the middle of a journal line.
    writeFileSync(out, `${readFileSync(out, 'utf8')}{"text":"not in the journal`);
    writeFileSync(`${out}.journal`, `${readFileSync(`${out}.journal`, 'utf8')}{"requ`);
    expect((await glz('groq', { share: 0, faults: [] }, ['--output', out, '--count', '20'])).code).toBe(0);
    expect(records(out).length).toBe(20);
    const other = await glz('groq', { share: 0, faults: [] }, ['--output', out, '--count', '30', '--seed', '5']);
    expect([other.code, other.stderr]).toEqual([2, expect.stringMatching(/another plan/)]);
  });

  it('writes texts for given labels, the same number for each', async () => {
    const out = output();
    const labels = join(folder, 'labels.txt');
    writeFileSync(labels, 'Where is my order?\nRefund\nPraise\n');
    const answer = (_: string, serial: number) => [{ text: uniqueText(2 * serial) }, { text: uniqueText(2 * serial + 1) }];
    const { code } = await glz('ollama', { share: 0, faults: [], answer }, [
      '--output',
      out,
      '--labels-file',
      labels,
      '--count',
      '20',
      '--concurrency',
      '8',
    ]);
    expect(code).toBe(0);
    const counts = new Map<string, number>();
    for (const {
      labels: [label],
    } of records(out))
      counts.set(label, (counts.get(label) ?? 0) + 1);
    expect([...counts].sort()).toEqual([
      ['Praise', 6],
      ['Refund', 7],
      ['Where is my order?', 7],
    ]);
    // The user's other labels are what the text is not.
    expect(records(out).every(({ labels: [label], not_labels: not }) => not.length === 2 && !not.includes(label))).toBe(true);
  });

  it('reads the same files of labels as predict: a JSON list too', async () => {
    const labels = join(folder, 'labels.json');
    writeFileSync(labels, JSON.stringify(['late parcel', 'refund, please']));
    const args = ['generate', '--labels-file', labels, '--count', '4', '--output', output(), '--dry-run'];
    const { code, stdout } = await callGlz(args);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/that the label "(late parcel|refund, please)" fits/)]);
  });

  it.each(['groq', 'ollama'] as const)('%s: never takes a draft in thinking for the answer', async (provider) => {
    const out = output();
    const { code } = await glz(provider, { share: 1, faults: ['draft'] }, ['--output', out, '--count', '12']);
    expect([code, records(out).length]).toEqual([0, 12]);
    expect(readFileSync(out, 'utf8')).not.toContain('draft');
  });

  it.each(['groq', 'ollama'] as const)('%s: says it where a model only thinks', async (provider) => {
    const { code, stderr } = await glz(provider, { share: 1, faults: ['only thinking'] }, ['--output', output(), '--count', '4']);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /40 requests in a row gave nothing usable; stopped \(\d+ answers were thinking only: take a model that does not/,
    );
    expect(stderr).toMatch(/dropped \d+: thinking without an answer/);
  });

  it('adds hard negatives to records and keeps their other fields', async () => {
    const out = output();
    const input = join(folder, 'input.jsonl');
    const rows = Array.from({ length: 7 }, (_, id) => ({ id, text: `text ${id} about cars`, labels: ['Cars'], lang: 'en' }));
    writeFileSync(input, rows.map((row) => JSON.stringify(row)).join('\n'));
    // Leaves out the last item of each first answer: that one is asked for again. The second opinion finds `boats` true.
    const answer = (prompt: string, serial: number) => {
      const items = prompt.match(/"number":/g)!.length;
      if (prompt.includes('"true"')) return Array.from({ length: items }, (_, i) => ({ number: i + 1, true: ['Boats', 'Cars'] }));
      const answered = items > 1 && serial % 2 === 0 ? items - 1 : items;
      return Array.from({ length: answered }, (_, i) => ({ number: i + 1, not_labels: ['Trucks', 'car', 'automobile', 'Boats', 'truck'] }));
    };
    const { code, stderr } = await glz('groq', { share: 0, faults: [], answer }, ['--output', out, '--input', input, '--verify']);
    expect(code).toBe(0);
    const made = records(out).sort((a, b) => Number(a.id) - Number(b.id));
    expect(made).toEqual(rows.map((row) => ({ ...row, not_labels: ['Trucks'] })));
    expect(stderr).toMatch(/taken out 14 hard negatives: means the same as a true label/);
    expect(stderr).toMatch(/taken out 7 hard negatives: true by the second opinion/);
  });

  it('carries the fields of records through as they were written', async () => {
    const out = output();
    const input = join(folder, 'written.jsonl');
    writeFileSync(input, '{"2024":1e400,"text":"a text about cars","id":12345678901234567.5,"labels":"Cars","1":-0}\n');
    const answer = () => [{ number: 1, not_labels: ['Trucks'] }];
    expect((await glz('groq', { share: 0, faults: [], answer }, ['--output', out, '--input', input])).code).toBe(0);
    expect(readFileSync(out, 'utf8')).toBe(
      '{"2024":1e400,"text":"a text about cars","id":12345678901234567.5,"labels":["Cars"],"1":-0,"not_labels":["Trucks"]}\n',
    );
  });

  it('adds no hard negative that the second opinion leaves out', async () => {
    const out = output();
    const input = join(folder, 'opinions.jsonl');
    const rows = Array.from({ length: 3 }, (_, id) => ({ id, text: `text ${id} about cars`, labels: ['Cars'], not_labels: ['Trains'] }));
    writeFileSync(input, rows.map((row) => JSON.stringify(row)).join('\n'));
    const answer = (prompt: string) => {
      const items = prompt.split('\n').filter((line) => line.startsWith('{"number"'));
      const numbers = items.map((line) => JSON.parse(line) as { number: number; text: string });
      if (!prompt.includes('"true"')) return numbers.map(({ number }) => ({ number, not_labels: ['Trucks', 'Boats'] }));
      return numbers.filter(({ text }) => !text.startsWith('text 1 ')).map(({ number }) => ({ number, true: ['Cars'] }));
    };
    const { code, stderr } = await glz('groq', { share: 0, faults: [], answer }, ['--output', out, '--input', input, '--verify']);
    expect(code).toBe(0);
    const made = records(out).sort((a, b) => Number(a.id) - Number(b.id));
    expect(made.map(({ not_labels: not }) => not)).toEqual([['Trains', 'Trucks', 'Boats'], ['Trains'], ['Trains', 'Trucks', 'Boats']]);
    expect(stderr).toMatch(/taken out 2 hard negatives: without a second opinion/);
  });

  it('keeps only what a second opinion confirms, and what a checkpoint does not contradict', async () => {
    const out = output();
    const answer = (prompt: string, serial: number) =>
      prompt.includes('"true"')
        ? Array.from({ length: 2 }, (_, i) => ({ number: i + 1, true: i === 0 ? ['alpha'] : [] }))
        : [
            { text: uniqueText(2 * serial), labels: ['alpha', 'omega'], not_labels: ['beta'] },
            { text: uniqueText(2 * serial + 1), labels: ['gamma'], not_labels: ['delta'] },
          ];
    const checkpoint = await writeTinyCheckpoint();
    const { code, stderr } = await glz('groq', { share: 0, faults: [], answer }, [
      '--output',
      out,
      '--count',
      '5',
      '--verify',
      '--filter-checkpoint',
      checkpoint,
    ]);
    expect(code).toBe(0);
    expect(records(out).every(({ labels }) => labels.join() === 'alpha')).toBe(true);
    expect(stderr).toMatch(/dropped \d+: labels not confirmed/);
  });

  it('keeps the records of the user whatever the model answers', async () => {
    const out = output();
    const input = join(folder, 'kept.jsonl');
    writeFileSync(input, `${JSON.stringify({ text: 'a text', labels: ['x'], not_labels: ['y'] })}\n`);
    const { code, stderr } = await glz('ollama', { share: 1, faults: ['garbage'] }, ['--output', out, '--input', input]);
    expect([code, records(out)]).toEqual([0, [{ text: 'a text', labels: ['x'], not_labels: ['y'] }]]);
    expect(stderr).toMatch(/no hard negative found/);
  });

  it('stops on SIGINT with everything on disk', async () => {
    const out = output();
    let sent = false;
    server = await startFaultServer({ share: 0, faults: [] });
    const { code, stderr } = await glz('groq', { share: 0, faults: [] }, ['--output', out, '--count', '100000'], {
      env: {
        GROQ_API_KEY: 'k',
        GROQ_BASE_URL: server.url,
        GLZ_PROGRESS_INTERVAL: '0.1',
      },
      onStderr: (text: string, kill: (signal: NodeJS.Signals) => void) => {
        if (!sent && /generate: [1-9]/.test(text)) {
          sent = true;
          kill('SIGINT');
        }
      },
    });
    expect(code).toBe(130);
    expect(Number(/stopped with (\d+) of/.exec(stderr)![1])).toBe(records(out).length);
  });

  it.each([
    ['groq', 401, /refuses the key \(401\); check GROQ_API_KEY/],
    ['groq', 404, /Groq has no model "m"/],
    ['ollama', 404, /Ollama has no model "m"; get it with: ollama pull m/],
  ] as const)('%s %i stops at once and says what to do', async (provider, status, message) => {
    const out = output();
    const { code, stderr } = await glz(provider, { share: 0, faults: [], status }, ['--output', out, '--count', '5', '--quiet']);
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
    expect(stderr.trim().split('\n').length).toBe(1);
  });

  it('says what to do where no server is there, and where there is no key', async () => {
    const gone = await startFaultServer({ share: 0, faults: [] });
    await gone.close();
    const nowhere = join(folder, 'new/deeper/out.jsonl');
    const none = await callGlz(['generate', '--model', 'm', '--output', nowhere], { env: { OLLAMA_HOST: gone.url } });
    expect([none.code, none.stderr]).toEqual([1, expect.stringMatching(/no Ollama server at .*; start one with: ollama serve/)]);
    expect(existsSync(join(folder, 'new'))).toBe(false);
    const key = await callGlz(['generate', '--provider', 'groq', '--model', 'm', '--output', output()], { env: { GROQ_API_KEY: '' } });
    expect([key.code, key.stderr]).toEqual([2, expect.stringMatching(/GROQ_API_KEY is not set/)]);
  });

  it('gives up on a model that never does what it is asked, and says so', async () => {
    const out = output();
    const { code, stderr } = await glz('groq', { share: 1, faults: ['garbage'] }, ['--output', out, '--count', '5']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/40 requests in a row gave nothing usable/);
    expect(stderr).toMatch(/dropped 12\d: unreadable answer/);
  });

  it('prints prompts and an estimate without asking', async () => {
    const { code, stdout } = await callGlz(['generate', '--config', 'article', '--dry-run', '--verify', '--requests-per-minute', '30']);
    expect(code).toBe(0);
    expect(stdout.match(/^--- request \d of 10170$/gm)).toHaveLength(3);
    expect(stdout).toMatch(/50,847 examples: about 20,340 requests, [\d,]+ prompt tokens and [\d,]+ answer tokens/);
    expect(stdout).toMatch(/h at 15 tokens\/s.*\nby the limits of requests and tokens a minute: at least 11\.3 h/);
    const none = await callGlz(['generate', '--output', output()]);
    expect([none.code, none.stderr]).toEqual([2, expect.stringMatching(/--model is missing/)]);
  });
});
