/** Clients that nobody here wrote, unmodified, only their base URL set: TypeSafe's (System One) and OpenAI's (Decisions). */
import { choice, noul, RateLimitError, score, TypeSafeClient, UnprocessableEntityError } from '@typesafe-ai/sdk';
import OpenAI from 'openai';
import { GliZNet } from '../../src/index.ts';
import { post, runServer, type ServerProcess } from './run-server.ts';

const KEY = 'a key of some length';
const TEXT = 'I was charged twice for one parcel. Please fix this today!';
let server: ServerProcess;
let typesafe: TypeSafeClient;
let openai: OpenAI;
let model: GliZNet;
beforeAll(async () => {
  server = await runServer([], { GLZ_SERVE_KEY: KEY });
  typesafe = new TypeSafeClient({ apiKey: KEY, baseURL: server.url, logLevel: 'off' });
  openai = new OpenAI({ apiKey: KEY, baseURL: `${server.url}/v1` });
  model = await GliZNet.load(undefined, { threads: 1 });
});
afterAll(async () => {
  await model.dispose();
  expect(await server.end()).toBe(0);
});

describe('System One', () => {
  it('answers every kind of question, with the probabilities of the library', async () => {
    const {
      answers,
      usage,
      model: name,
    } = await typesafe.systemOne({
      state: { subject: 'Invoice', body: TEXT },
      questions: {
        category: choice('What is it about?', { billing: null, technical: 'an app or device does not work', other: null }),
        urgent: noul('urgent'),
        refund: noul(null, { true: 'the customer wants money back', false: 'the customer wants something else' }),
        mood: score('How is the customer?', ['furious', 'unhappy', null, 'happy']),
      },
    });
    expect(name).toBe('glz-mini');
    expect(usage.input_tokens).toBeGreaterThan(5);
    expect(answers.category.choice).toBe('billing');
    const ours = await model.decide(`subject: Invoice\nbody: ${TEXT}`, {
      category: { type: 'choice', options: { billing: null, technical: 'an app or device does not work', other: null } },
      urgent: { type: 'noul', instructions: 'urgent' },
    });
    for (const label of ['billing', 'technical', 'other'] as const)
      expect(answers.category.probabilities[label]).toBeCloseTo(ours.category.scores[label], 4);
    expect(answers.category.confidence).toBeCloseTo(ours.category.confidence, 4);
    expect(answers.urgent.noul).toBeCloseTo(ours.urgent.probability, 4);
    expect(answers.refund.noul).toBeGreaterThan(0);
    const { legend, probabilities, score: level } = answers.mood;
    expect(legend).toEqual({ 0: 'furious', 1: 'unhappy', 2: null, 3: 'happy' });
    const sum = Object.values(probabilities).reduce((a: number, b) => a + Number(b), 0);
    expect(sum).toBeCloseTo(1, 4);
    expect(level).toBeLessThanOrEqual(3);
  });

  it('answers many questions at once, and says what is wrong with one that cannot be asked', async () => {
    const questions = Object.fromEntries(
      Array.from({ length: 60 }, (_, at) => [`q${at}`, choice(null, { [`topic ${at}`]: null, other: null })]),
    );
    const { answers } = await typesafe.systemOne({ state: TEXT, questions });
    expect(Object.keys(answers)).toHaveLength(60);
    await expect(typesafe.systemOne({ state: TEXT, questions: { a: choice(null, { only: null }) } })).rejects.toThrow(
      UnprocessableEntityError,
    );
    await expect(typesafe.systemOne({ state: TEXT, questions: { a: choice(null, { Refund: null, refund: null }) } })).rejects.toThrow(
      /422 .*same to the model/,
    );
    await expect(typesafe.systemOne({ state: TEXT, questions: { a: { type: 'rank' } as never } })).rejects.toThrow(
      /422 questions\.a\.type/,
    );
  });

  it('lists its model, asks for its key, and gives every answer an id', async () => {
    expect((await typesafe.models.list()).map(({ name }) => name)).toEqual(['glz-mini']);
    const other = new TypeSafeClient({ apiKey: 'wrong', baseURL: server.url, logLevel: 'off' });
    await expect(other.models.list()).rejects.toThrow(/401 the key is missing or wrong/);
    const { requestId } = await typesafe.systemOne({ state: TEXT, questions: { a: noul('urgent') } }).withResponse();
    expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(RateLimitError).toBeDefined();
  });
});

describe('Decisions', () => {
  it('answers every kind of question, in order', async () => {
    const decision = await openai.decisions.create({
      model: 'any',
      input: [
        { role: 'developer', content: 'Tickets of a shop.' },
        {
          role: 'user',
          content: [
            { type: 'input_text', text: TEXT },
            { type: 'input_json', data: { order: 77 } },
          ],
        },
      ],
      questions: [
        { type: 'predicate', instructions: 'urgent', name: 'urgent' },
        {
          type: 'choice',
          instructions: 'What is it about?',
          choices: [{ value: 'billing' }, { value: 'praise', description: 'the customer is happy' }],
        },
        {
          type: 'choice',
          instructions: 'Money back?',
          choices: [
            { value: true, description: 'wants money back' },
            { value: false, description: 'wants information' },
          ],
        },
        {
          type: 'score',
          instructions: [{ type: 'input_text', text: 'mood' }],
          levels: [{ label: 'angry' }, { label: 'neutral' }, { label: 'happy', description: 'full of praise' }],
        },
      ],
    });
    const [urgent, topic, refund, mood] = decision.answers;
    expect(decision.model).toBe('glz-mini');
    expect(decision.usage.total_tokens).toBe(decision.usage.input_tokens);
    expect(urgent).toMatchObject({ type: 'predicate', name: 'urgent', probability: expect.any(Number) });
    expect(topic).toMatchObject({ type: 'choice', name: null, choice: 'billing' });
    expect(refund).toMatchObject({ type: 'choice', choice: expect.any(Boolean), probabilities: [{ value: true }, { value: false }] });
    if (mood.type !== 'score') throw new Error('not a score');
    expect(mood.probabilities.map(({ label, value }) => [label, value])).toEqual([
      ['angry', 0],
      ['neutral', 1],
      ['happy', 2],
    ]);
    expect(mood.score).toBeCloseTo(
      mood.probabilities.reduce((sum, { value, probability }) => sum + value * probability, 0),
      4,
    );
  });

  it('refuses images and what it cannot ask with errors that the client knows', async () => {
    const ask = (input: OpenAI.DecisionCreateParams['input'], questions: OpenAI.DecisionCreateParams['questions']) =>
      openai.decisions.create({ model: 'any', input, questions });
    const image = [{ role: 'user' as const, content: [{ type: 'input_image' as const, image_url: 'data:image/png;base64,AA==' }] }];
    await expect(ask(image, [{ type: 'predicate', instructions: 'x' }])).rejects.toMatchObject({ status: 400, param: 'input.0' });
    await expect(ask(TEXT, [{ type: 'choice', instructions: 'x', choices: [{ value: 'a' }] }])).rejects.toMatchObject({
      status: 422,
      type: 'invalid_request_error',
    });
    await expect(ask(TEXT, [])).rejects.toBeInstanceOf(OpenAI.UnprocessableEntityError);
    const other = new OpenAI({ apiKey: 'wrong', baseURL: `${server.url}/v1` });
    await expect(other.models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    expect((await openai.models.list()).data.map(({ id }) => id)).toEqual(['glz-mini']);
  });
});

it('clients try again where the server is busy, and give up after their own time', async () => {
  const small = await runServer(['--max-queue', '4', '--batch-wait', '300'], {});
  try {
    const patient = new TypeSafeClient({
      apiKey: 'x',
      baseURL: small.url,
      logLevel: 'off',
      retry: { maxRetries: 8, backoffInitialMs: 50 },
    });
    const asked = Array.from({ length: 12 }, () => patient.systemOne({ state: TEXT, questions: { a: noul('urgent') } }));
    for (const { answers } of await Promise.all(asked)) expect(answers.a.noul).toBeGreaterThan(0);
    const busy = await Promise.all(Array.from({ length: 12 }, () => post(`${small.url}/classify`, { texts: [TEXT], labels: ['a', 'b'] })));
    const refused = busy.filter(({ status }) => status === 503);
    expect(refused.length).toBeGreaterThan(0);
    for (const { headers } of refused) expect(headers.get('retry-after')).toBe('1');
    const hasty = new OpenAI({ apiKey: 'x', baseURL: `${small.url}/v1`, timeout: 150, maxRetries: 0 });
    await expect(
      hasty.decisions.create({ model: 'm', input: TEXT, questions: [{ type: 'predicate', instructions: 'x' }] }),
    ).rejects.toBeInstanceOf(OpenAI.APIConnectionError);
  } finally {
    expect(await small.end()).toBe(0);
  }
});
