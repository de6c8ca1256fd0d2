/** The examples of docs/library.md and of README.md run, one after the other, as scripts of a project that has glz installed. */
import { spawn } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FaultServer, startFaultServer, uniqueText } from '../generate/providers/fault-server.ts';
import { ROOT, temporaryFolder, writeTinyCheckpoint } from '../tiny-checkpoint.ts';
import { documentText } from './markdown.ts';

const EXAMPLES = ['README.md', 'docs/library.md'].flatMap((document) =>
  [...documentText(document).matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => ({ document, code })),
);

/** What each of them prints. */
const PRINTS: readonly [verb: string, document: string, output: RegExp][] = [
  ['GliZNet', 'README.md', /^delivery 0\.\d+\n$/],
  ['GliZNet', 'docs/library.md', /^delivery\n(true|false)\n$/],
  ['train', 'docs/library.md', /^step 1 of 2: loss \d\.\d{3}\nstep 2 of 2: loss \d\.\d{3}\n[a-z ]+\n$/],
  ['evaluate', 'docs/library.md', /^features web-features 0\.\d{3}\nrandom web-features \d\.\d{3}\n2 systems, 0 failures\n$/],
  ['exportCheckpoint', 'docs/library.md', /^$/],
  ['generate', 'docs/library.md', /^(\d examples\n)+4 of 4, of \d labels\n$/],
];

const project = temporaryFolder();
let server: FaultServer;
let tiny: string;

beforeAll(async () => {
  mkdirSync(join(project, 'node_modules'));
  symlinkSync(ROOT, join(project, 'node_modules/gliznet'));
  symlinkSync(join(ROOT, 'datasets'), join(project, 'datasets'));
  tiny = await writeTinyCheckpoint();
  const answer = (_: string, at: number) => [
    { text: `I would like to know ${uniqueText(at)}`, labels: ['question'], not_labels: ['complaint'] },
  ];
  server = await startFaultServer({ share: 0, faults: [], answer });
});

afterAll(() => server.close());

/** Runs a script in the project. */
function run(code: string, name: string): Promise<{ status: number | null; stdout: string; stderr: string }> {
  writeFileSync(join(project, name), code);
  const env = { ...process.env, OLLAMA_HOST: server.url };
  const child = spawn(process.execPath, [name], { cwd: project, env });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (text: string) => (said[stream] += text));
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, ...said })));
}

it('there is an example of each verb', () => {
  expect(EXAMPLES.map(({ document }) => document)).toEqual(PRINTS.map(([, document]) => document));
  EXAMPLES.forEach(({ code }, at) => {
    expect(code.split('\n')[0]).toContain(PRINTS[at][0]);
  });
});

it.each(PRINTS.map(([verb, document, output], at) => [verb, document, output, at] as const))(
  '%s of %s runs',
  async (_, __, output, at) => {
    // Trained is a tiny model: the one that ships takes its time.
    const code = EXAMPLES[at].code.replace('settings: { max_steps', `settings: { checkpoint: '${tiny}', max_steps`);
    const { status, stdout, stderr } = await run(code, `example-${at}.mjs`);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(output);
  },
  120_000,
);
