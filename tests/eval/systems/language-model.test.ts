/** The language model baselines over HTTP, against servers on this machine that speak Ollama's and Groq's protocols. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { reportHtml } from '../../../src/eval/report/report.ts';
import { NO_CACHE } from '../../../src/eval/run/result-cache.ts';
import { type EvaluationRequest, evaluateSystems } from '../../../src/eval/run/runner.ts';
import type { SuiteSet } from '../../../src/eval/sets/suite.ts';
import { ALIASES, BASELINES } from '../../../src/eval/systems/index.ts';
import { answeredLabels, LANGUAGE_MODELS, question } from '../../../src/eval/systems/language-model.ts';
import type { SystemContext } from '../../../src/eval/systems/system.ts';
import { parseSystemSpec } from '../../../src/eval/systems/system-spec.ts';

type Handler = (path: string, body: Record<string, unknown>) => { status?: number; headers?: Record<string, string>; body: unknown };

async function serve(handler: Handler): Promise<{ server: Server; address: string }> {
  const read = async (request: IncomingMessage): Promise<string> => {
    let text = '';
    for await (const chunk of request) text += chunk;
    return text;
  };
  const server = createServer(async (request, response) => {
    const text = await read(request);
    const { status = 200, headers = {}, body } = handler(request.url as string, text ? JSON.parse(text) : {});
    const whole = request.url === '/api/chat' ? { done: true, ...(body as object) } : body;
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(whole));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
const close = (server: Server) => new Promise((resolve) => server.close(resolve).closeAllConnections());
const context = (options: Record<string, string> = {}): SystemContext => ({
  spec: { name: 'model', kind: 'ollama', model: 'tiny', options },
  model: 'tiny',
});
const [OLLAMA, GROQ] = ['ollama', 'groq'].map((name) => new Map(LANGUAGE_MODELS).get(name)!);
const labels = ['sports', 'World News'];
const environment = { ...process.env };
afterEach(() => {
  process.env = { ...environment };
});

it('reads the answers that models give', () => {
  expect(answeredLabels('{"label": "sports"}', labels)).toEqual([0]);
  expect(answeredLabels('Sure! {"label": " world news "}', labels)).toEqual([1]);
  expect(answeredLabels('{"labels": ["World News", "sports", "World News"]}', labels)).toEqual([1, 0]);
  for (const bad of ['', 'sports', '{"label": "weather"}', '{"label": 3}', '{', 'null', '[]'])
    expect(answeredLabels(bad, labels)).toEqual([]);
});

it('lists every label in the question, and as the only answers of the schema', () => {
  const { system, schema } = question('a text', labels, false);
  for (const label of labels) expect(system).toContain(`- ${label}\n`.trim());
  expect(JSON.stringify(schema)).toContain(JSON.stringify(labels));
});

it('asks Ollama with the labels as a schema, at temperature 0', async () => {
  const asked: Record<string, unknown>[] = [];
  const { server, address } = await serve((path, body) => {
    if (path === '/api/show') return { body: { model: 'tiny' } };
    asked.push(body);
    const [, user] = body.messages as { content: string }[];
    return {
      body: { message: { role: 'assistant', content: JSON.stringify({ label: user.content === 'odd' ? 'weather' : 'World News' }) } },
    };
  });
  process.env.OLLAMA_HOST = address;
  const system = await OLLAMA.create(context());
  try {
    const { each, choice } = await system.score(['a text', 'odd'], labels, {});
    expect([...each]).toEqual([0, 1, Number.NaN, Number.NaN]);
    expect([...choice]).toEqual([0, 1, Number.NaN, Number.NaN]);
    expect(asked[0].format).toMatchObject({ properties: { label: { enum: labels } } });
    expect(asked[0].options).toMatchObject({ temperature: 0, num_ctx: 4096 });
    expect(system.notes).toMatchObject({ 'texts asked': 2, 'answers outside the list': 1 });
    await expect(
      system.score(
        ['a'],
        Array.from({ length: 201 }, (_, i) => `label ${i}`),
        {},
      ),
    ).rejects.toThrow(/201 labels are more than the 200/);
  } finally {
    await system.dispose();
    await close(server);
  }
});

/** Evaluates the tiny model of an Ollama server whose answers are what the texts say. */
async function evaluateEcho(texts: string[], truth: string[][], options: Partial<EvaluationRequest> = {}, system = 'ollama:tiny') {
  let asked = 0;
  const { server, address } = await serve((path, body) => {
    if (path === '/api/show') return { body: { model: 'tiny' } };
    asked++;
    const [, user] = body.messages as { content: string }[];
    return { body: { message: { role: 'assistant', content: JSON.stringify({ label: user.content }) } } };
  });
  process.env.OLLAMA_HOST = address;
  const set: SuiteSet = { name: 'echo', texts, labels, truth, multiLabel: false, hash: 'echo', available: texts.length };
  try {
    const result = await evaluateSystems({
      sets: [set],
      systems: [parseSystemSpec(system, BASELINES, ALIASES)],
      version: '0.0.0',
      findModel: async (folder) => folder,
      cache: NO_CACHE,
      isolate: false,
      latencyCalls: 0,
      resamples: 20,
      ...options,
    });
    return { result, asked };
  } finally {
    await close(server);
  }
}

it('counts a text without an answer as no prediction, not as one of the first label', async () => {
  const { result } = await evaluateEcho(['sports', 'weather', 'weather'], [['sports'], ['sports'], ['World News']]);
  const [{ metrics, predicted }] = result.results;
  expect(predicted).toEqual([0, -1, -1]);
  expect(metrics).toMatchObject({ accuracy: expect.closeTo(1 / 3), top3: expect.closeTo(1 / 3), lrap: expect.closeTo(1 / 3), ece: 0 });
  expect(metrics.macro_f1).toBeCloseTo(1 / 3, 12); // of sports 2 / 3, of news 0
  const silent = (await evaluateEcho(['weather', 'rain'], [['sports'], ['sports']])).result;
  expect(silent.failures).toEqual([]);
  expect(silent.results[0].metrics).toMatchObject({ accuracy: 0, macro_f1: 0, lrap: 0, ece: null, brier: null });
  expect(reportHtml(silent)).not.toMatch(/NaN|undefined|Infinity/);
});

it('tries the label growth again that an error stopped', async () => {
  const kept = new Map<string, unknown>();
  const cache = {
    get: <T>(key: string) => kept.get(key) as T | undefined,
    put: (key: string, value: unknown) => void kept.set(key, value),
  };
  const grow = () => evaluateEcho(['sports'], [['sports']], { cache, growth: true }, 'ollama:tiny,labels=4');
  const first = await grow();
  expect(first.result.growth).toMatchObject([{ failed: true, points: [{ labels: 2 }, { labels: 4 }] }]);
  expect(first.result.growth[0].stopped).toMatch(/^8 labels: 8 labels are more than the 4/);
  const second = await grow();
  expect(second.result.results[0].cached).toBe(true);
  expect(second.asked).toBe(4); // a warm-up and a text, twice
});

it('asks Ollama for a context that holds the labels and the text', async () => {
  const contexts: unknown[] = [];
  const { server, address } = await serve((path, body) => {
    if (path === '/api/chat') contexts.push((body.options as { num_ctx: number }).num_ctx);
    return { body: { message: { role: 'assistant', content: '{"label": "sports"}' } } };
  });
  process.env.OLLAMA_HOST = address;
  const system = await OLLAMA.create(context());
  try {
    const many = Array.from({ length: 200 }, (_, i) => `one of very many labels, number ${i}`);
    for (const [texts, names] of [
      [['short'], labels],
      [['long '.repeat(1200)], many],
      [['short'], labels],
    ])
      await system.score(texts, names, {});
    // It never shrinks: Ollama loads the model anew for another size.
    expect(contexts).toEqual([4096, 8192, 8192]);
  } finally {
    await system.dispose();
    await close(server);
  }
});

it('takes the answer of a model that thinks, and not its draft', async () => {
  expect(answeredLabels('<think>{"label": "sports"}?</think>{"label": "World News"}', labels)).toEqual([1]);
  expect(answeredLabels('{"label": "sports"} No: {"label": "World News"} or {"label": "weather"}', labels)).toEqual([1]);
  expect(answeredLabels('<think>{"label": "sports"}', labels)).toEqual([]);
  expect(answeredLabels(`${'{'.repeat(5000)}${'}'.repeat(5000)}`, labels)).toEqual([]);
  const asked: Record<string, unknown>[] = [];
  const { server, address } = await serve((path, body) => {
    if (path === '/api/show') return { body: { model: 'tiny' } };
    asked.push(body);
    const [, user] = body.messages as { content: string }[];
    const { num_predict: room } = body.options as { num_predict: number };
    const isDone = room > 1000 && user.content !== 'endless';
    return { body: { message: { role: 'assistant', thinking: 'hm, sports?', content: isDone ? '{"label": "World News"}' : '' } } };
  });
  process.env.OLLAMA_HOST = address;
  const system = await OLLAMA.create(context());
  try {
    const { choice } = await system.score(['a text', 'another', 'endless'], labels, {});
    expect([...choice]).toEqual([0, 1, 0, 1, Number.NaN, Number.NaN]);
    // The first one needs a second question; from then on there is room to think.
    expect(asked.map(({ think, options }) => [think, (options as { num_predict: number }).num_predict])).toEqual([
      [false, 96],
      [false, 4192],
      [false, 4192],
      [false, 4192],
    ]);
    expect(system.notes).toMatchObject({ 'answers outside the list': 1, 'of them thinking without an answer': 1 });
  } finally {
    await system.dispose();
    await close(server);
  }
});

it('asks Groq for no reasoning where it left no room for JSON, and counts what stays unanswered', async () => {
  const sent: unknown[] = [];
  const { server, address } = await serve((_, body) => {
    sent.push(body.reasoning_effort);
    const [, user] = body.messages as { content: string }[];
    if (!body.reasoning_effort || user.content === 'hard')
      return { status: 400, body: { error: { message: 'Failed to generate JSON', code: 'json_validate_failed' } } };
    return { body: { choices: [{ message: { role: 'assistant', content: '{"label": "sports"}' } }] } };
  });
  process.env.GROQ_BASE_URL = address;
  process.env.GROQ_API_KEY = 'test-key';
  const system = await GROQ.create(context({ concurrency: '1' }));
  try {
    const { choice } = await system.score(['a text', 'hard', 'another'], labels, {});
    expect([...choice]).toEqual([1, 0, Number.NaN, Number.NaN, 1, 0]);
    expect(sent).toEqual([undefined, 'none', 'none', 'none']);
  } finally {
    await close(server);
  }
});

it('says when Ollama lacks the model or does not answer', async () => {
  const { server, address } = await serve(() => ({ status: 404, body: { error: 'model not found' } }));
  process.env.OLLAMA_HOST = address;
  await expect(OLLAMA.create(context())).rejects.toThrow(/no model "tiny"; get it with: ollama pull tiny/);
  await close(server);
  await expect(OLLAMA.create(context())).rejects.toThrow(/no Ollama server at http:/);
});

it('asks Groq again after a rate limit, and never without a key', async () => {
  let calls = 0;
  const { server, address } = await serve((path, body) => {
    calls++;
    if (calls === 1) return { status: 429, headers: { 'retry-after': '0.01' }, body: { error: { message: 'slow down' } } };
    expect(path).toBe('/openai/v1/chat/completions');
    expect(body.response_format).toEqual({ type: 'json_object' });
    return { body: { choices: [{ message: { role: 'assistant', content: '{"label": "sports"}' } }] } };
  });
  process.env.GROQ_BASE_URL = address;
  delete process.env.GROQ_API_KEY;
  await expect(GROQ.create(context())).rejects.toThrow(/GROQ_API_KEY is not set/);
  process.env.GROQ_API_KEY = 'test-key';
  const system = await GROQ.create(context());
  try {
    expect([...(await system.score(['a text'], labels, {})).choice]).toEqual([1, 0]);
    expect(calls).toBe(2);
  } finally {
    await close(server);
  }
});

it('gives up on an error that another attempt would not mend', async () => {
  const { server, address } = await serve(() => ({ status: 400, body: { error: { message: 'no such model' } } }));
  process.env.GROQ_BASE_URL = address;
  process.env.GROQ_API_KEY = 'test-key';
  const system = await GROQ.create(context());
  await expect(system.score(['a text'], labels, {})).rejects.toThrow(/Groq refuses the request \(400\): .*no such model/);
  await close(server);
});
