/** `glz mcp` as clients start it: the packages' own clients, of both generations of the protocol, and bytes that no client sends. */
import { join } from 'node:path';
import { Client as ClientOf2026 } from '@modelcontextprotocol/client';
import { StdioClientTransport as StdioOf2026 } from '@modelcontextprotocol/client/stdio';
import { Client as ClientOf2025 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as StdioOf2025 } from '@modelcontextprotocol/sdk/client/stdio.js';
import { GliZNet } from '../../src/index.ts';
import { glzEnvironment, runGlz } from '../run-glz.ts';
import { ROOT } from '../tiny-checkpoint.ts';

const TEXT = 'I was charged twice for one parcel. Please fix this today!';
const COMMAND = {
  command: process.execPath,
  args: [join(ROOT, 'bin/glz.js'), 'mcp', '--threads', '1'],
  env: glzEnvironment() as Record<string, string>,
  stderr: 'pipe' as const,
};

/** What both clients have, as far as it is used here. */
interface AnyClient {
  listTools(): Promise<{ tools: { name: string; inputSchema: object; outputSchema?: object; annotations?: object }[] }>;
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<object>;
  getInstructions(): string | undefined;
  getServerVersion(): { name: string } | undefined;
  close(): Promise<void>;
}

/** What is said of one text. */
interface TextResult {
  labels: string[];
  scores: number[];
  fit?: number;
  path?: string[];
  pathScores?: number[];
  joint?: number;
  unreadable?: boolean;
  unknownScript?: string;
  explanations: { label: string; words: { word: string; start: number; end: number; score: number }[] }[];
  answers: { name: string; type: string; answer: string | boolean; probability: number; scores: { option: string; score: number }[] }[];
}

/** A result, as far as it is used here. */
interface Result {
  isError?: boolean;
  content: { type: string; text: string }[];
  structuredContent?: { model: string; results: TextResult[] };
}

let model: GliZNet;
beforeAll(async () => {
  model = await GliZNet.load(undefined, { threads: 1 });
});
afterAll(() => model.dispose());

describe.each<[string, () => Promise<AnyClient>]>([
  [
    '@modelcontextprotocol/sdk (1.x)',
    async () => {
      const client = new ClientOf2025({ name: 'test', version: '1' });
      await client.connect(new StdioOf2025(COMMAND));
      return client as AnyClient;
    },
  ],
  [
    '@modelcontextprotocol/client (2.x)',
    async () => {
      const client = new ClientOf2026({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
      await client.connect(new StdioOf2026(COMMAND));
      // Of itself it would open as those of 2025 do.
      expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28');
      return client as unknown as AnyClient;
    },
  ],
])('%s', (_, connect) => {
  let client: AnyClient;
  beforeAll(async () => {
    client = await connect();
  });
  afterAll(() => client.close());
  const call = async (name: string, args: Record<string, unknown>): Promise<Result> =>
    (await client.callTool({ name, arguments: args })) as Result;

  it('is told what there is', async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name, annotations }) => [name, annotations])).toEqual(
      ['classify', 'decide'].map((name) => [name, expect.objectContaining({ readOnlyHint: true, openWorldHint: false })]),
    );
    for (const { inputSchema, outputSchema } of tools)
      expect([inputSchema, outputSchema]).toEqual([
        expect.objectContaining({ type: 'object' }),
        expect.objectContaining({ type: 'object' }),
      ]);
    expect(client.getServerVersion()?.name).toBe('glz');
    expect(client.getInstructions()).toContain('"classify"');
  });

  it('gets labels as the library gives them, structured and as text', async () => {
    const labels = ['billing', { label: 'delivery', description: 'a parcel did not come', examples: ['Where is my parcel?'] }, 'praise'];
    const texts = [TEXT, 'Thank you so much!', '', 'Где моя посылка?'];
    const result = await call('classify', { texts, labels });
    expect(result.isError).toBeFalsy();
    expect(JSON.parse(result.content[0].text)).toEqual(result.structuredContent);
    expect(result.structuredContent!.model).toBe('glz-mini');
    const ours = await model.classify(texts, labels);
    for (const [at, { labels: ranked, scores }] of ours.entries()) {
      const theirs = result.structuredContent!.results[at];
      expect(theirs.labels).toEqual(ranked);
      for (const [k, score] of scores.entries()) expect(theirs.scores[k]).toBeCloseTo(score, 4);
    }
    expect(result.structuredContent!.results[2].unreadable).toBe(true);
    expect(result.structuredContent!.results.map(({ unknownScript }) => unknownScript)).toEqual([
      ...new Array(3).fill(undefined),
      'Cyrillic',
    ]);
    const some = await call('classify', { texts: [TEXT], labels: ['billing', 'praise'], multiLabel: true, threshold: 0.2, topK: 1 });
    expect(some.structuredContent!.results[0].labels).toEqual(['billing']);
    const why = await call('classify', { texts: [TEXT], labels: ['billing', 'praise'], explain: true });
    const [{ explanations }] = why.structuredContent!.results;
    expect(explanations.map(({ label }) => label)).toEqual(['billing', 'praise']);
    for (const { words } of explanations) for (const { word, start, end } of words) expect(TEXT.slice(start, end)).toBe(word);
  });

  it('gets labels in levels as the library gives them', async () => {
    const labels = [
      { label: 'football', description: 'a game with a round ball, on grass', parent: 'sport' },
      { label: 'other', parent: 'sport' },
      'sport',
      { label: 'money', description: 'bills, charges, refunds' },
      { label: 'refund', parent: 'money' },
      { label: 'other', parent: 'money' },
    ];
    for (const options of [{}, { levels: 'path' as const }, { levels: 'all' as const, multiLabel: true, topK: 4, explain: true }]) {
      const { structuredContent } = await call('classify', { texts: [TEXT], labels, ...options });
      const [theirs] = structuredContent!.results;
      const [ours] = await model.classify([TEXT], labels, options);
      expect([theirs.labels, theirs.path]).toEqual([ours.labels, ours.path]);
      for (const field of ['scores', 'pathScores'] as const)
        for (const [k, score] of ours[field]!.entries()) expect(theirs[field]![k]).toBeCloseTo(score, 4);
      expect(theirs.joint).toBeCloseTo(ours.joint!, 4);
      expect(theirs.explanations?.map(({ label }) => label)).toEqual(ours.explanations?.map(({ label }) => label));
    }
    const { structuredContent } = await call('classify', { texts: [TEXT], labels });
    expect(structuredContent!.results[0]).toMatchObject({ path: ['money', 'refund'], labels: expect.arrayContaining(['sport > other']) });
  });

  it('gets no label where none is likely to fit, where that is asked for', async () => {
    const texts = [TEXT, 'What is the capital of Peru?', ''];
    for (const labels of [
      ['billing', 'delivery'],
      [
        { label: 'billing', parent: 'customer service' },
        { label: 'delivery', parent: 'customer service' },
      ],
    ])
      for (const options of [{ abstain: true }, { abstainBelow: 0.99, explain: true }]) {
        const { structuredContent } = await call('classify', { texts, labels, ...options });
        const ours = await model.classify(texts, labels, options);
        for (const [at, { fit, labels: ranked, path }] of ours.entries()) {
          const theirs = structuredContent!.results[at];
          expect(theirs.fit).toBeCloseTo(fit!, 4);
          expect([theirs.labels, theirs.path]).toEqual([ranked, path]);
        }
        expect(ours.slice(1).map((each) => each.labels)).toEqual([[], []]);
      }
    const { structuredContent } = await call('classify', { texts, labels: ['billing', 'delivery'], abstain: false });
    expect(structuredContent!.results[1]).toEqual({ labels: expect.any(Array), scores: expect.any(Array) });
  });

  it('gets answers to every kind of question, in order, whatever their names', async () => {
    const result = await call('decide', {
      texts: [TEXT],
      questions: [
        { name: '2', type: 'choice', options: ['billing', 'praise'] },
        { name: '1', type: 'choice', options: ['refund', 'invoice'], multiple: true },
        { name: '__proto__', type: 'predicate', instructions: 'urgent' },
        { name: 'mood', type: 'score', levels: ['angry', { label: 'calm', description: 'a friendly note' }] },
      ],
    });
    const [{ answers }] = result.structuredContent!.results;
    expect(JSON.parse(result.content[0].text)).toEqual(result.structuredContent);
    expect(answers.map(({ name, type }) => [name, type])).toEqual([
      ['2', 'choice'],
      ['1', 'choice'],
      ['__proto__', 'predicate'],
      ['mood', 'score'],
    ]);
    const ours = await model.decide(TEXT, {
      topic: { type: 'choice', options: ['billing', 'praise'] },
      urgent: { type: 'predicate', instructions: 'urgent' },
    });
    expect([answers[0].answer, answers[2].answer]).toEqual([ours.topic.answer, ours.urgent.answer]);
    expect(answers[2].probability).toBeCloseTo(ours.urgent.probability, 4);
    expect(answers[3].scores.map(({ option }) => option)).toEqual(['angry', 'calm']);
  });

  it.each<[string, string, Record<string, unknown>, RegExp]>([
    ['a text that is no list', 'classify', { texts: TEXT, labels: ['a', 'b'] }, /texts/],
    ['no labels', 'classify', { texts: [TEXT], labels: [] }, /labels/],
    ['a label twice', 'classify', { texts: [TEXT], labels: ['a', 'a '] }, /occurs twice/],
    ['labels that are the same to the model', 'classify', { texts: [TEXT], labels: ['Refund', 'refund'] }, /same to the model/],
    ['a field that there is none of', 'classify', { texts: [TEXT], labels: ['a', 'b'], top_k: 1 }, /top_k/],
    [
      'a label below itself',
      'classify',
      {
        texts: [TEXT],
        labels: [
          { label: 'a', parent: 'b' },
          { label: 'b', parent: 'a' },
        ],
      },
      /below themselves/,
    ],
    ['levels that there are none of', 'classify', { texts: [TEXT], labels: ['a', 'b'], levels: 'top' }, /levels/],
    ['a fit that is none', 'classify', { texts: [TEXT], labels: ['a', 'b'], abstainBelow: 40 }, /abstainBelow/],
    ['one option', 'decide', { texts: [TEXT], questions: [{ name: 'q', type: 'choice', options: ['a'] }] }, /"q".*1 given/],
    ['a statement without words', 'decide', { texts: [TEXT], questions: [{ name: 'q', type: 'predicate' }] }, /says no statement/],
    [
      'a name twice',
      'decide',
      {
        texts: [TEXT],
        questions: [
          { name: 'q', type: 'predicate', instructions: 'a' },
          { name: 'q', type: 'predicate', instructions: 'b' },
        ],
      },
      /"q" is given twice/,
    ],
  ])('is told what is wrong: %s', async (_what, name, args, message) => {
    const result = await call(name, args);
    expect([result.isError, result.content[0].text]).toEqual([true, expect.stringMatching(message)]);
  });

  it('asks many things at once', async () => {
    const asked = Array.from({ length: 20 }, (_each, at) =>
      call('classify', { texts: [`${TEXT} ${at}`], labels: ['billing', `own ${at}`] }),
    );
    for (const { structuredContent } of await Promise.all(asked)) expect(structuredContent!.results[0].labels).toContain('billing');
  });
});

const opening = (id: number) => ({
  ...{ jsonrpc: '2.0', id, method: 'initialize' },
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
});
const classify = (id: number) => ({
  ...{ jsonrpc: '2.0', id, method: 'tools/call' },
  params: { name: 'classify', arguments: { texts: [TEXT], labels: ['billing', 'praise'] } },
});

it('answers all that was asked before stdin ended, and writes nothing else to stdout', async () => {
  const input = [opening(1), { jsonrpc: '2.0', method: 'notifications/initialized' }, classify(2), 'no message', classify(3)];
  const { code, stdout, stderr } = await runGlz(['mcp'], { input: `${input.map((each) => JSON.stringify(each)).join('\n')}\nno JSON\n` });
  const answers = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: number; result: Result });
  expect([code, answers.map(({ id }) => id).sort()]).toEqual([0, [1, 2, 3]]);
  const errors = stderr.split('\n').filter((line) => line.startsWith('glz:'));
  expect(errors).toEqual(['glz: stdin: a line that is no message of MCP (JSON-RPC 2.0) is passed over']);
  for (const { result } of answers.filter(({ id }) => id > 1)) expect(result.structuredContent!.results[0].labels[0]).toBe('billing');
});

it('ends with a line where it cannot begin, and where nobody asks', async () => {
  expect(await runGlz(['mcp'])).toMatchObject({ code: 0, stdout: '' });
  const broken = await runGlz(['mcp', '--checkpoint', './none']);
  expect(broken).toMatchObject({ code: 1, stdout: '', stderr: 'glz: ./none: no such folder\n' });
  expect(await runGlz(['mcp', '--windows', '0'])).toMatchObject({ code: 2, stdout: '' });
});
