/** `glz generate --describe`: a labels file with what a language model says of the labels. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callGlz } from '../call-glz.ts';
import { type FaultServer, type FaultSettings, startFaultServer } from '../generate/providers/fault-server.ts';
import { type GlzRun, linesOf, runGlz } from '../run-glz.ts';
import { TINY_LATE, temporaryFolder, writeTinyCheckpoint } from '../tiny-checkpoint.ts';

const folder = temporaryFolder();
let server: FaultServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

let files = 0;
const fresh = (ending: string) => join(folder, `${files++}${ending}`);
function labelsFile(content: unknown, ending = '.json'): string {
  const path = fresh(`-labels${ending}`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

interface ShownLabel {
  number: number;
  label: string;
  description?: string;
}
/** The labels that a prompt asks about. */
const shownIn = (prompt: string) =>
  prompt
    .split('\n')
    .filter((line) => line.startsWith('{"number"'))
    .map((line) => JSON.parse(line) as ShownLabel);

/** Something of its own about each label. */
const about = ({ number, label }: ShownLabel) => ({
  number,
  description: `Whatever has to do with zeta ${label.replace(/\W+/g, '')} and its kin`,
  wordings: [`first ${label} wording`, `second ${label} wording`, `third ${label} wording`],
});
const usual = (prompt: string) => shownIn(prompt).map(about);

const ALL = ['429', '500', 'hang up', 'half answer', 'garbage', 'fenced', 'draft'] as const;

async function describeWith(settings: Partial<FaultSettings>, args: string[], own?: GlzRun) {
  server ??= await startFaultServer({ share: 0, faults: [], answer: usual, ...settings });
  const env = { OLLAMA_HOST: server.url, GROQ_API_KEY: 'secret-key', GROQ_BASE_URL: server.url };
  const all = ['generate', '--model', 'm', '--back-off', '0.01', '--timeout', '5', '--describe', ...args];
  return own ? runGlz(all, { env, ...own }) : callGlz(all, { env });
}

interface WrittenLabel {
  label: string;
  description?: string;
  examples?: string[];
  children?: WrittenLabel[];
}
const written = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as WrittenLabel[];

it.each(['ollama', 'groq'] as const)(
  '%s: describes a plain list through faults of every kind, and glz predict reads what was written',
  async (provider) => {
    const names = Array.from({ length: 20 }, (_, at) => `label ${String.fromCharCode(97 + at)}`);
    const output = fresh('.json');
    const labels = labelsFile(names.join('\n'), '.txt');
    const { code, stderr, stdout } = await describeWith({ share: 0.3, faults: ALL }, [
      ...['--provider', provider, '--labels-file', labels, '--wordings', '3', '--output', output],
    ]);
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toContain('20 descriptions and 60 other wordings for 20 of 20 labels');
    expect(stderr).not.toContain('secret-key');
    expect(written(output).map(({ label }) => label)).toEqual(names);
    expect(written(output)[2]).toEqual({
      label: 'label c',
      description: 'Whatever has to do with zeta labelc and its kin',
      examples: ['first label c wording', 'second label c wording', 'third label c wording'],
    });
    // Eight labels a question, beside the names of all others.
    const { code: predicted, stdout: line } = await callGlz([
      ...['predict', '--text', 'a text', '--labels-file', output, '--checkpoint', await writeTinyCheckpoint(TINY_LATE)],
    ]);
    expect([predicted, (JSON.parse(line) as { labels: string[] }).labels.sort()]).toEqual([0, names]);
  },
);

it('keeps what the user wrote: descriptions, examples, levels, names and their order', async () => {
  const tree = [
    {
      label: 'sport',
      children: [
        { label: 'football', description: 'my own words', examples: ['my text'] },
        { label: 'other', examples: ['my second text'] },
      ],
    },
    { label: 'politics', description: 'my politics', children: ['other', 'elections'] },
    'Food, drinks',
  ];
  const prompts: string[] = [];
  const answer = (prompt: string) => {
    prompts.push(prompt);
    return usual(prompt);
  };
  const output = fresh('.json');
  const args = ['--labels-file', labelsFile(tree), '--output', output, '--wordings', '1', '--about', 'reports of a local paper'];
  expect((await describeWith({ answer }, args)).code).toBe(0);
  const plus = (label: string) => ({
    ...{ label: label.split(' > ').at(-1)!, description: about({ number: 0, label }).description },
    examples: [`first ${label} wording`],
  });
  expect(written(output)).toEqual([
    {
      ...plus('sport'),
      children: [
        { label: 'football', description: 'my own words', examples: ['my text', 'first sport > football wording'] },
        { ...plus('sport > other'), examples: ['my second text', 'first sport > other wording'] },
      ],
    },
    {
      ...{ ...plus('politics'), description: 'my politics' },
      children: [plus('politics > other'), plus('politics > elections')],
    },
    plus('Food, drinks'),
  ]);
  expect(prompts[0]).toContain('The texts are: reports of a local paper');
  expect(shownIn(prompts[0])[1]).toEqual({ number: 2, label: 'sport > football', description: 'my own words' });
  const levels = await callGlz([
    ...['predict', '--text', 'a text', '--labels-file', output, '--levels', 'all', '--checkpoint', await writeTinyCheckpoint(TINY_LATE)],
  ]);
  expect([levels.code, levels.stderr]).toEqual([0, '']);
  expect((JSON.parse(levels.stdout) as { labels: string[] }).labels).toEqual(
    expect.arrayContaining(['sport > other', 'politics > other', 'Food, drinks']),
  );
});

it.each([
  ['a table', '.csv', 'label,description,parent\nfootball,my own words,sport\ntennis,,sport\n'],
  ['YAML', '.yaml', 'sport:\n  football: my own words\n  tennis:\n'],
  [
    'JSON, one a line',
    '.jsonl',
    '{"label":"football","description":"my own words","parent":"sport"}\n{"label":"tennis","parent":"sport"}\n',
  ],
])('reads %s as glz predict does', async (_, ending, content) => {
  const output = fresh('.json');
  const { code } = await describeWith({}, ['--labels-file', labelsFile(content, ending), '--wordings', '0', '--output', output]);
  expect(code).toBe(0);
  expect(written(output)).toEqual([
    {
      ...{ label: 'sport', description: 'Whatever has to do with zeta sport and its kin' },
      children: [
        { label: 'football', description: 'my own words' },
        { label: 'tennis', description: 'Whatever has to do with zeta sporttennis and its kin' },
      ],
    },
  ]);
});

it('shows eight labels at a time and at most 60 others, those below the same label first', async () => {
  const names = (kind: string, count: number) => Array.from({ length: count }, (_, at) => `${kind}${at}`);
  const labels = labelsFile({ fruit: names('f', 70), stone: names('s', 70) });
  const { code, stdout } = await describeWith({}, ['--labels-file', labels, '--dry-run']);
  expect(code).toBe(0);
  const prompts = stdout.split(/^--- request /m).slice(1);
  expect(prompts[1]).toMatch(/^2 of 18\n/);
  expect(shownIn(prompts[1]).map(({ label }) => label)).toEqual(names('fruit > f', 15).slice(7));
  const others = /Other labels: (.+)/.exec(prompts[1])![1].split('; ');
  expect([others.length, others.filter((path) => path.startsWith('fruit > '))]).toEqual([60, others]);
  expect(stdout).toMatch(/\n142 labels: about 18 requests, [\d,]+ prompt tokens and [\d,]+ answer tokens if every answer is usable\n/);
});

it('drops and counts what says nothing, and asks again about a label that got nothing', async () => {
  const labels = labelsFile(['billing', 'refunds', 'outage', 'silence']);
  let asked = 0;
  const answer = (prompt: string) => {
    asked++;
    return shownIn(prompt).map(({ number, label }) => ({
      number,
      ...{
        billing: {
          description: '"Invoices, charges and payment methods."',
          wordings: [
            'Billings',
            'refund',
            'repayment of refunds',
            'invoices',
            'Invoice',
            'one two three four five six seven eight nine',
            'x',
          ],
        },
        refunds: {
          description: asked < 2 ? 'This is about refunds.' : 'Money that goes back to whoever paid',
          wordings: asked < 2 ? ['...', 'text', 'the refund'] : ['invoices', 'money back'],
        },
        outage: { description: 'x'.repeat(201), wordings: ['service is down'] },
        silence: { description: 'Invoices, charges and payment methods', wordings: ['wording 1', 'fit none of the others'] },
      }[label],
    }));
  };
  const output = fresh('.json');
  const { code, stderr } = await describeWith({ answer }, ['--labels-file', labels, '--output', output, '--wordings', '3']);
  expect([code, asked]).toEqual([0, 3]);
  expect(written(output)).toEqual([
    { label: 'billing', description: 'Invoices, charges and payment methods.', examples: ['repayment of refunds', 'invoices', 'x'] },
    { label: 'refunds', description: 'Money that goes back to whoever paid', examples: ['money back'] },
    { label: 'outage', examples: ['service is down'] },
    'silence',
  ]);
  expect(stderr).toContain('2 descriptions and 5 other wordings for 3 of 4 labels; 1 got nothing and stay as they were');
  for (const line of [
    "1  description: repeats the label's name",
    '1  description: longer than 200 characters',
    '3  description: the same as of another label',
    '1  wording: no label, or too long for one',
  ])
    expect(stderr).toContain(line);
});

it('goes on where kill -9 stopped it, with the same file in the end', async () => {
  const names = Array.from({ length: 120 }, (_, at) => `name ${at}`);
  const labels = labelsFile(names);
  const output = fresh('.json');
  const args = ['--labels-file', labels, '--output', output, '--concurrency', '2', '--quiet'];
  let kills = 0;
  for (const enough of [8, 48]) {
    const { signal } = await describeWith({ share: 0.3, faults: ALL, seed: 4 }, args, {
      killWhen: () => linesOf(`${output}.answers`) >= enough,
    });
    if (!signal) break;
    kills++;
    expect(existsSync(output)).toBe(false);
  }
  expect(kills).toBeGreaterThan(0);
  expect((await describeWith({}, args)).code).toBe(0);
  expect(written(output)).toEqual(
    names.map((label) => ({
      label,
      description: about({ number: 0, label }).description,
      examples: about({ number: 0, label }).wordings.slice(0, 2),
    })),
  );
  // The same command again asks nothing and changes nothing.
  await server!.close();
  const before = readFileSync(output, 'utf8');
  const again = await describeWith({}, args);
  expect([again.code, again.stderr, readFileSync(output, 'utf8')]).toEqual([0, '', before]);
}, 120_000);

it('stops on SIGINT with the answers on disk, and says that the same command goes on', async () => {
  const labels = labelsFile(Array.from({ length: 4000 }, (_, at) => `name ${at}`));
  const output = fresh('.json');
  let sent = false;
  server = await startFaultServer({ share: 0, faults: [], answer: usual });
  const { code, stderr } = await describeWith({}, ['--labels-file', labels, '--output', output], {
    env: { OLLAMA_HOST: server.url, GLZ_PROGRESS_INTERVAL: '0.1' },
    onStderr(text, kill) {
      if (sent || !/generate: [1-9]/.test(text)) return;
      sent = true;
      kill('SIGINT');
    },
  });
  expect(code).toBe(130);
  const [, kept] = /stopped with (\d+) of 4000 labels in .*\.answers; the same command goes on/.exec(stderr)!;
  expect([Number(kept), existsSync(output)]).toEqual([linesOf(`${output}.answers`), false]);
});

it('replaces no file that it did not write, one changed since among them', async () => {
  const labels = labelsFile(['billing', 'outage']);
  const refused = [2, expect.stringMatching(/^glz: .*\.json is there already, and is not what this run wrote; choose another --output\n$/)];
  const run = async (output: string) => {
    const { code, stderr } = await describeWith({}, ['--labels-file', labels, '--output', output, '--quiet']);
    return [code, stderr];
  };
  const before = readFileSync(labels, 'utf8');
  expect(await run(labels)).toEqual(refused);
  expect([readFileSync(labels, 'utf8'), existsSync(`${labels}.answers`)]).toEqual([before, false]);
  const output = fresh('.json');
  expect(await run(output)).toEqual([0, '']);
  const mine = readFileSync(output, 'utf8').replace('Whatever', 'All that');
  writeFileSync(output, mine);
  expect(await run(output)).toEqual(refused);
  expect(readFileSync(output, 'utf8')).toBe(mine);
  writeFileSync(labels, JSON.stringify(['billing', 'outage', 'access']));
  expect(await run(output)).toEqual([2, expect.stringMatching(/begun with another plan \(settings, labels, model or seed\)/)]);
});

it('ends with an error and writes nothing where the model says nothing of any label', async () => {
  const output = fresh('.json');
  const args = ['--labels-file', labelsFile(['billing', 'outage']), '--output', output, '--quiet'];
  const { code, stderr } = await describeWith({ answer: () => [{ number: 1, description: '...' }] }, args);
  expect([code, stderr]).toEqual([1, 'glz: m gave nothing usable about any of 2 labels; take another model, and another --output\n']);
  expect(existsSync(output)).toBe(false);
});

it('leaves nothing behind where the server has no such model, and goes on where questions had no answer', async () => {
  const output = fresh('.json');
  const args = ['--labels-file', labelsFile(Array.from({ length: 24 }, (_, at) => `name ${at}`)), '--output', output, '--quiet'];
  const missing = await describeWith({ status: 404 }, args);
  expect([missing.code, missing.stderr]).toEqual([1, 'glz: Ollama has no model "m"; get it with: ollama pull m\n']);
  expect(readdirSync(folder).filter((name) => output.endsWith(name.split('.').slice(0, 2).join('.')))).toEqual([]);
  await server!.close();
  server = undefined;
  const some = ['--retries', '0', '--concurrency', '1', ...args];
  const part = await describeWith({ share: 0.6, faults: ['500'], seed: 3 }, some);
  expect([part.code, part.stderr]).toEqual([
    1,
    expect.stringMatching(/(8|16) of 24 labels are in .*\.answers; the same command goes on\n$/),
  ]);
  expect(existsSync(output)).toBe(false);
  await server!.close();
  server = undefined;
  expect((await describeWith({}, some)).code).toBe(0);
  expect(written(output).length).toBe(24);
});

it.each([
  [['--describe'], /^glz: --describe needs --labels-file: which labels\?/],
  [['--wordings', '2'], /^glz: --wordings is for --describe/],
  [['--about', 'tickets'], /^glz: --about is for --describe/],
  [['--describe', '--labels-file', 'LABELS', '--count', '5'], /^glz: --describe writes no texts: leave out --count/],
  [['--describe', '--labels-file', 'LABELS', '--examples-per-request', '5'], /leave out --examples-per-request/],
  [['--describe', '--labels-file', 'LABELS', '--input', 'x.jsonl'], /leave out --input/],
  [['--describe', '--labels-file', 'LABELS', '--languages', 'German'], /leave out --languages/],
  [['--describe', '--labels-file', 'LABELS', '--verify'], /leave out --verify/],
  [['--describe', '--labels-file', 'DESCRIBED', '--wordings', '0'], /there is nothing to ask: every label has a description/],
  [['--describe', '--labels-file', 'gone.txt'], /cannot read the labels gone\.txt/],
  [['--describe', '--labels-file', 'LABELS', '--about', ''], /--about/],
  [['--describe', '--labels-file', 'LABELS', '--wordings', '11'], /expected a whole number from 0 to 10/],
])('%j is refused in a line', async (args, message) => {
  const paths: Record<string, string> = {
    LABELS: labelsFile(['a label', 'b label']),
    DESCRIBED: labelsFile({ a: 'my words', b: 'my other words' }),
  };
  const { code, stderr } = await callGlz(['generate', '--model', 'm', '--output', fresh('.json'), ...args.map((arg) => paths[arg] ?? arg)]);
  expect([code === 0, stderr]).toEqual([false, expect.stringMatching(message)]);
  expect(stderr.trim().split('\n').length).toBeLessThan(3);
});
