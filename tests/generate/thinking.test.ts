/** Models that think before they answer: what counts of their answers, and how servers are asked to switch it off. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exampleSchema, parseAnswer } from '../../src/generate/answer.ts';
import { createGroqProvider } from '../../src/generate/providers/groq-provider.ts';
import { createOllamaProvider } from '../../src/generate/providers/ollama-provider.ts';
import { withoutDraft } from '../../src/generate/providers/thinking.ts';

describe('the draft of an answer', () => {
  it.each([
    ['no thinking', 'plain', 'plain'],
    ['tags', '<think>hm</think>\nyes', '\nyes'],
    ['an end without a beginning, as templates leave it', 'hm, so</think>yes', 'yes'],
    ['several', '<think>a</think>b<think>c</think>d', 'd'],
    ['thinking that does not end', '<think>hm, so', ''],
    ['thinking behind the answer', 'yes<think>or not', 'yes'],
    ['other tags', '<reasoning>hm</reasoning>yes', 'yes'],
    ['Magistral', '[THINK]hm[/THINK]yes', 'yes'],
    ['gpt-oss', '<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>yes', 'yes'],
    ['gpt-oss that does not come to an answer', '<|channel|>analysis<|message|>hm', ''],
  ])('%s', (_, text, answer) => expect(withoutDraft(text)).toBe(answer));

  const example = (text: string) => ({ text, labels: ['a'], not_labels: ['b'] });
  const answer = (...texts: string[]) => JSON.stringify({ examples: texts.map(example) });
  const texts = (text: string) => parseAnswer(text, exampleSchema).examples.map((each) => each.text);

  it('is never an example', () => {
    expect(texts(`<think>${answer('draft')}</think>${answer('one', 'two')}`)).toEqual(['one', 'two']);
    expect(texts(`First I try ${answer('draft')}. Better: ${answer('one')}`)).toEqual(['one']);
    expect(texts(`<think>${answer('draft')} and then`)).toEqual([]);
    expect(texts(`<think>${answer('draft')}</think> Sorry.`)).toEqual([]);
  });

  it('counts if nothing valid follows it outside of thinking', () => {
    expect(texts(`${answer('one')} Notes: [{"about": "this"}]`)).toEqual(['one']);
    expect(parseAnswer('[{"x": 1}] [{"y": 1}, {"z": 1}]', exampleSchema)).toEqual({ examples: [], malformed: 1 });
  });
});

/** A server that answers each request as told, and keeps what it was asked. */
async function serverOf(reply: (body: Record<string, unknown>, number: number) => { status?: number; body: unknown }) {
  const asked: Record<string, unknown>[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const body = JSON.parse(text) as Record<string, unknown>;
    const { status = 200, body: value } = reply(body, asked.push(body) - 1);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => new Promise<void>((resolve) => void server.close(() => resolve()).closeAllConnections());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close };
}

const question = { system: 's', prompt: 'p', schema: {}, maxTokens: 10, temperature: 0, seed: 1, signal: new AbortController().signal };

describe('Ollama', () => {
  const ask = async (model: string, reply: Parameters<typeof serverOf>[0], times = 1) => {
    const server = await serverOf(reply);
    try {
      const provider = createOllamaProvider({ model, host: server.url });
      const answers = [];
      for (let i = 0; i < times; i++) answers.push(await provider.complete(question));
      return { answers, thinks: server.asked.map(({ think }) => think) };
    } finally {
      await server.close();
    }
  };

  it('is asked not to think, gpt-oss to think little', async () => {
    const plain = () => ({ body: { message: { content: 'yes' }, done: true } });
    expect(await ask('qwen3:4b', plain)).toEqual({ answers: [expect.objectContaining({ text: 'yes', thought: false })], thinks: [false] });
    expect((await ask('gpt-oss:20b', plain)).thinks).toEqual(['low']);
  });

  it('is asked without that where it refuses it, also the next time', async () => {
    const refusing = (body: Record<string, unknown>) =>
      'think' in body
        ? { status: 400, body: { error: '"m" does not support thinking' } }
        : { body: { message: { content: '', thinking: 'hm' }, done: true } };
    const { answers, thinks } = await ask('m', refusing, 2);
    expect(answers).toMatchObject([
      { text: '', thought: true },
      { text: '', thought: true },
    ]);
    expect(thinks).toEqual([false, undefined, undefined]);
  });
});

describe('Groq', () => {
  const reasoningOf = ({ reasoning_effort, reasoning_format, include_reasoning }: Record<string, unknown>) =>
    JSON.stringify({ reasoning_effort, reasoning_format, include_reasoning });
  const completion = (content: string, reasoning?: string) => ({
    body: { choices: [{ message: { content, reasoning }, finish_reason: 'stop' }] },
  });
  const ask = async (reply: Parameters<typeof serverOf>[0], times: number) => {
    const server = await serverOf(reply);
    process.env.GROQ_API_KEY = 'k';
    process.env.GROQ_BASE_URL = server.url;
    try {
      const provider = createGroqProvider({ model: 'm' });
      const texts = [];
      for (let i = 0; i < times; i++) texts.push((await provider.complete(question).catch((error: Error) => error)) as { text?: string });
      return { texts: texts.map(({ text }) => text), sent: server.asked.map(reasoningOf) };
    } finally {
      await server.close();
    }
  };

  it('is asked for no reasoning once a model reasons, by what the model takes', async () => {
    const effort = '{"reasoning_effort":"none"}';
    const quiet = await ask((body) => (body.reasoning_effort ? completion('quiet') : completion('loud', 'hm')), 3);
    expect(quiet).toEqual({ texts: ['loud', 'quiet', 'quiet'], sent: ['{}', effort, effort] });
    const low = '{"reasoning_effort":"low","include_reasoning":false}';
    const refusal = { status: 400, body: { error: { message: 'reasoning_effort must be one of low, medium, high' } } };
    const other = await ask((body) => (body.reasoning_effort === 'none' ? refusal : completion('yes', 'hm')), 3);
    expect(other).toEqual({ texts: ['yes', 'yes', 'yes'], sent: ['{}', effort, low, low] });
  });

  it('is asked nothing of that where every way is refused, or the model does not reason', async () => {
    const refusal = { status: 400, body: { error: { message: 'reasoning is not supported by this model' } } };
    const refusing = (body: Record<string, unknown>) => (reasoningOf(body) === '{}' ? completion('<think>hm</think>yes') : refusal);
    const { texts, sent } = await ask(refusing, 2);
    expect([texts, sent.length, sent.at(-1)]).toEqual([['<think>hm</think>yes', '<think>hm</think>yes'], 5, '{}']);
    expect((await ask(() => completion('yes'), 3)).sent).toEqual(['{}', '{}', '{}']);
  });

  it('is asked for no reasoning where no JSON came of an answer', async () => {
    const failed = { status: 400, body: { error: { message: 'json_validate_failed', code: 'json_validate_failed' } } };
    const { sent } = await ask((body) => (body.reasoning_effort ? completion('yes') : failed), 2);
    expect(sent).toEqual(['{}', '{"reasoning_effort":"none"}']);
  });
});
