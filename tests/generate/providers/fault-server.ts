/** A language model server that misbehaves on purpose: Groq's and Ollama's protocols on loopback. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { random } from '../../random.ts';

/** What the server does with a request. */
export type Fault = 'ok' | '429' | '500' | 'hang up' | 'half answer' | 'garbage' | 'cut array' | 'fenced' | 'draft' | 'only thinking';

/** A running server. */
export interface FaultServer {
  url: string;
  /** Requests by fault. */
  counts: Record<string, number>;
  /** Most requests that were open at once. */
  mostOpen: number;
  close(): Promise<void>;
}

/** How the server behaves. */
export interface FaultSettings {
  /** Share of requests that get a fault. */
  share: number;
  faults: readonly Fault[];
  seed?: number;
  /** Answers with this status always. */
  status?: number;
  /** The answer's examples; unique texts unless given. */
  answer?: (prompt: string, serial: number) => unknown;
}

/** A text that no other one nearly repeats, at least 60 letters long. */
export function uniqueText(serial: number): string {
  const next = random(serial + 1);
  const syllables = ['ka', 'lo', 'mi', 'ren', 'tas', 'vol', 'dre', 'sun', 'pel', 'gar', 'ni', 'bo'];
  const word = () => Array.from({ length: 3 }, () => syllables[Math.floor(next() * syllables.length)]).join('');
  return `${serial} ${Array.from({ length: 12 }, word).join(' ')}`;
}

async function body(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

/** Starts a server; it ends with `close`. */
export async function startFaultServer(settings: FaultSettings): Promise<FaultServer> {
  const next = random(settings.seed ?? 1);
  let serial = 0;
  let open = 0;
  const state = { counts: {} as Record<string, number>, mostOpen: 0 };
  const reply = (response: ServerResponse, status: number, value: unknown, headers: Record<string, string> = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(value));
  };
  const server = createServer(async (request, response) => {
    open++;
    state.mostOpen = Math.max(state.mostOpen, open);
    response.on('close', () => open--);
    const text = await body(request);
    const isOllama = request.url === '/api/chat';
    const fault: Fault = next() < settings.share ? settings.faults[Math.floor(next() * settings.faults.length)] : 'ok';
    state.counts[fault] = (state.counts[fault] ?? 0) + 1;
    if (settings.status) return reply(response, settings.status, { error: { message: 'no' } });
    if (fault === '429') return reply(response, 429, { error: { message: 'slow down' } }, { 'retry-after': '0.001' });
    if (fault === '500') return reply(response, 500, { error: { message: 'broken' } });
    if (fault === 'hang up') return request.socket.destroy();
    const number = serial++;
    const prompt = (JSON.parse(text) as { messages: { content: string }[] }).messages.at(-1)!.content;
    const examples = settings.answer?.(prompt, number) ?? [
      { text: uniqueText(2 * number), labels: ['alpha'], not_labels: ['beta'] },
      { text: uniqueText(2 * number + 1), labels: ['gamma'], not_labels: ['delta'] },
    ];
    let content = JSON.stringify({ examples });
    if (fault === 'garbage') content = 'I would rather talk about [the] weather {';
    if (fault === 'cut array') content = content.slice(0, content.lastIndexOf('"labels"') + 12);
    if (fault === 'fenced') content = `Sure! Here are [2] examples:\n\`\`\`json\n${content}\n\`\`\`\nAnything else?`;
    const draft = { text: `A draft that nobody asked for ${uniqueText(number)}`, labels: ['draft'], not_labels: ['beta'] };
    if (fault === 'draft') content = `<think>What about ${JSON.stringify({ examples: [draft] })}? No.</think>\n${content}`;
    const thinking = fault === 'only thinking' ? 'Let me think about that for a while' : undefined;
    if (thinking) content = '';
    const value = isOllama
      ? { message: { content, thinking }, prompt_eval_count: 10, eval_count: 20, done_reason: 'stop', done: true }
      : {
          choices: [{ message: { content, reasoning: thinking }, finish_reason: 'stop' }],
          usage: { prompt_tokens: 10, completion_tokens: 20 },
        };
    if (fault === 'half answer') {
      const bytes = JSON.stringify(value);
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(bytes.length) });
      response.write(bytes.slice(0, bytes.length / 2), () => request.socket.destroy());
      return;
    }
    reply(response, 200, value);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    counts: state.counts,
    get mostOpen() {
      return state.mostOpen;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
