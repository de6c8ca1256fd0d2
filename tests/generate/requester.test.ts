/** A server that says nothing, while memory is collected all the time: every question ends by its time limit. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createGroqProvider } from '../../src/generate/providers/groq-provider.ts';
import { createOllamaProvider } from '../../src/generate/providers/ollama-provider.ts';
import { createRequester, NoAnswerError } from '../../src/generate/requester.ts';

setFlagsFromString('--expose_gc');
const collect = runInNewContext('gc') as () => void;

/** What the server does before it falls silent. */
type Silence = 'before its headers' | 'behind its headers' | 'in the middle of its answer';
let server: Server;
let collecting: NodeJS.Timeout;
afterEach(async () => {
  clearInterval(collecting);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function start(silence: Silence): Promise<string> {
  server = createServer((_, response) => {
    if (silence === 'before its headers') return;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (silence === 'in the middle of its answer') response.write('{"message":');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // Several times before a question's limit; more often would leave no time for anything else.
  collecting = setInterval(collect, 50);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const question = { system: 's', prompt: 'p', schema: {}, maxTokens: 10, temperature: 0, seed: 1 };

describe.each(['ollama', 'groq'] as const)('%s', (name) => {
  it.each(['before its headers', 'behind its headers', 'in the middle of its answer'] as const)(
    'ends a question to a server that falls silent %s',
    async (silence) => {
      const url = await start(silence);
      process.env.GROQ_API_KEY = 'key';
      process.env.GROQ_BASE_URL = url;
      const provider = name === 'ollama' ? createOllamaProvider({ model: 'm', host: url }) : createGroqProvider({ model: 'm' });
      const abort = new AbortController();
      const requester = createRequester(provider, { concurrency: 8, retries: 0, timeout: 0.4, backOff: 0.01, signal: abort.signal });
      const began = performance.now();
      const ends = await Promise.allSettled(Array.from({ length: 8 }, () => requester.ask(question)));
      for (const end of ends) {
        const reason = end.status === 'rejected' ? (end.reason as Error) : undefined;
        expect(reason).toBeInstanceOf(NoAnswerError);
        expect(reason?.message).toBe('no answer after 1 tries: no answer within 0.4 seconds');
      }
      expect(performance.now() - began).toBeLessThan(10_000);
    },
    20_000,
  );

  it('ends open questions when the run is stopped', async () => {
    const url = await start('before its headers');
    process.env.GROQ_API_KEY = 'key';
    process.env.GROQ_BASE_URL = url;
    const provider = name === 'ollama' ? createOllamaProvider({ model: 'm', host: url }) : createGroqProvider({ model: 'm' });
    const abort = new AbortController();
    const requester = createRequester(provider, { concurrency: 4, retries: 3, timeout: 600, backOff: 0.01, signal: abort.signal });
    const asked = Promise.allSettled(Array.from({ length: 4 }, () => requester.ask(question)));
    setTimeout(() => abort.abort(), 300);
    for (const end of await asked) expect(end).toMatchObject({ status: 'rejected', reason: { name: 'AbortError' } });
  }, 20_000);
});
