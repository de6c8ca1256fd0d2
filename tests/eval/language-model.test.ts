/** The language model baselines over HTTP, against servers on this machine that speak Ollama's and Groq's protocols. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answeredLabels, GROQ, OLLAMA, question } from '../../src/eval/baselines/language-model.ts';
import type { SystemContext } from '../../src/eval/system.ts';

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
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
const close = (server: Server) => new Promise((resolve) => server.close(resolve).closeAllConnections());
const context = (options: Record<string, string> = {}): SystemContext => ({
  spec: { name: 'model', kind: 'ollama', model: 'tiny', options },
  model: 'tiny',
});
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
    expect([...each]).toEqual([0, 1, 0, 0]);
    expect([...choice]).toEqual([0, 1, 0.5, 0.5]);
    expect(asked[0].format).toMatchObject({ properties: { label: { enum: labels } } });
    expect(asked[0].options).toMatchObject({ temperature: 0 });
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

it('says when Ollama lacks the model or does not answer', async () => {
  const { server, address } = await serve(() => ({ status: 404, body: { error: 'model not found' } }));
  process.env.OLLAMA_HOST = address;
  await expect(OLLAMA.create(context())).rejects.toThrow(/no model "tiny": ollama pull tiny/);
  await close(server);
  await expect(OLLAMA.create(context())).rejects.toThrow(/no answer from Ollama at http:/);
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
  await expect(system.score(['a text'], labels, {})).rejects.toThrow(/Groq: .*no such model/);
  await close(server);
});
