import { exampleSchema, objectsIn, parseAnswer } from '../../src/generate/answer.ts';
import { createGroqProvider, retryAfterSeconds } from '../../src/generate/groq-provider.ts';
import { createNearDuplicates } from '../../src/generate/near-duplicates.ts';
import { plannedRequest } from '../../src/generate/plan.ts';
import { examplesPrompt } from '../../src/generate/prompts.ts';
import { checkExample, labelKey, normalizeLabel, sameMeaning } from '../../src/generate/quality.ts';
import { createRequester } from '../../src/generate/requester.ts';
import { checkGenerateSettings, readGenerateSettings } from '../../src/generate/settings.ts';
import { ROOT } from '../tiny-checkpoint.ts';
import { startFaultServer, uniqueText } from './fault-server.ts';

const preset = (name: string) => checkGenerateSettings(readGenerateSettings(`${ROOT}configs/generate/${name}.yaml`), name);

describe('plan', () => {
  it('is a pure function of seed and number, and varies', () => {
    const settings = preset('article');
    expect(settings.count).toBe(50_847);
    const numbers = Array.from({ length: 10_170 }, (_, i) => i);
    const prompts = numbers.map((number) => examplesPrompt(plannedRequest(settings, number)).prompt);
    expect(new Set(prompts).size).toBeGreaterThan(10_100);
    expect(plannedRequest(settings, 4711)).toEqual(plannedRequest(settings, 4711));
    expect(plannedRequest({ ...settings, seed: 2 }, 0)).not.toEqual(plannedRequest(settings, 0));
    // Every domain comes in its share.
    const domains = new Map<string, number>();
    for (const number of numbers.slice(0, 5000)) {
      const { domain } = plannedRequest(settings, number);
      domains.set(domain, (domains.get(domain) ?? 0) + 1);
    }
    expect([...domains.keys()].sort()).toEqual(Object.keys(settings.domains).sort());
  });

  it('names the field of a setting that is wrong', () => {
    expect(() => checkGenerateSettings({ domains: { a: ['b'] }, labels: [3, 1] }, 'x.yaml')).toThrow(
      /x\.yaml: labels: the first number is larger/,
    );
    expect(() => checkGenerateSettings({ domains: { a: ['b'] }, colour: 1 }, 'x.yaml')).toThrow(/colour/);
  });
});

describe('answers', () => {
  const example = { text: 'a "quoted" {text} with ] in it', labels: ['a'], not_labels: ['b'] };
  const json = JSON.stringify({ examples: [example, { ...example, text: 'two' }] });
  it.each([
    ['as asked', json, 2],
    ['a bare array', JSON.stringify([example, example]), 2],
    ['in a fence, with chatter', `Sure [1]! \n\`\`\`json\n${json}\n\`\`\` done`, 2],
    ['cut in the second example', json.slice(0, -20), 1],
    ['cut in the first', json.slice(0, 30), 0],
    ['no JSON', 'I cannot do that.', 0],
  ])('%s', (_, text, count) => {
    expect(parseAnswer(text, exampleSchema).examples.length).toBe(count);
  });

  it('counts what does not follow the schema', () => {
    const text = JSON.stringify({
      examples: [example, { text: 5 }, { text: 'x', labels: [] }, { text: 'x'.repeat(30_000), labels: ['a'] }],
    });
    expect(parseAnswer(text, exampleSchema)).toMatchObject({ examples: [example], malformed: 3 });
    expect(objectsIn('[{"a":1},{"b":')).toEqual([{ a: 1 }]);
  });
});

describe('quality', () => {
  const settings = () => ({
    promptParts: ['Write two different texts with labels about banks.'],
    nearDuplicates: createNearDuplicates(),
    allowLeakage: true,
  });
  const good = { text: 'The parcel has not arrived after two weeks of waiting.', labels: ['delivery'], not_labels: ['refund'] };

  it('normalizes labels and tells those that mean the same', () => {
    expect(normalizeLabel('  Product_Reviews. ')).toBe('product reviews');
    expect(normalizeLabel('customerService')).toBe('customer service');
    expect(labelKey('The Delays of Flights')).toBe(labelKey('flight delay'));
    expect(sameMeaning('Happiness', 'joy')).toBe(true);
    expect(sameMeaning('news', 'new')).toBe(false);
    expect(sameMeaning('delivery', 'refund')).toBe(false);
  });

  it('drops hard negatives that are true, and counts them', () => {
    const result = checkExample({ ...good, labels: ['Joy', 'joys'], not_labels: ['happiness', 'Fear', 'fear'] }, settings());
    expect(result).toMatchObject({
      example: { labels: ['joy'], not_labels: ['fear'] },
      fixed: ['hard negative that is true', 'label named twice'],
    });
  });

  it.each([
    ['refusal', { ...good, text: "I'm sorry, but I can't help with that request." }, {}],
    ['no real text', { ...good, text: 'text' }, {}],
    ['echo of the prompt', { ...good, text: 'write two different texts with labels about banks.' }, {}],
    ['label copied into the text', { ...good, text: 'My delivery is late again, what a pity.' }, { allowLeakage: false }],
    [
      'wrong language',
      { ...good, text: 'Das Paket ist nach zwei Wochen Wartezeit immer noch nicht bei mir angekommen.' },
      { language: 'en' },
    ],
    ['no label', { ...good, labels: ['""'] }, {}],
  ])('drops: %s', (reason, example, extra) => {
    expect(checkExample(example, { ...settings(), ...extra })).toEqual({ dropped: reason });
  });

  it('finds near-duplicates among thousands, and takes no other text for one', () => {
    const memory = createNearDuplicates();
    for (let i = 0; i < 3000; i++) {
      expect(memory.has(uniqueText(i))).toBe(false);
      memory.add(uniqueText(i));
    }
    for (let i = 0; i < 3000; i += 100) {
      expect(memory.has(uniqueText(i).toUpperCase())).toBe(true);
      expect(memory.has(`${uniqueText(i)} indeed`)).toBe(true);
    }
  });
});

describe('requester', () => {
  it('asks 10,000 questions through faults: each is answered once, concurrency bounded', async () => {
    const server = await startFaultServer({ share: 0.2, faults: ['429', '500', 'hang up', 'half answer'], seed: 4 });
    process.env.GROQ_API_KEY = 'k';
    process.env.GROQ_BASE_URL = server.url;
    try {
      const requester = createRequester(createGroqProvider({ model: 'm' }), {
        concurrency: 16,
        retries: 12,
        timeout: 10,
        backOff: 0.001,
        signal: new AbortController().signal,
      });
      const asked = 10_000;
      const answers: string[] = [];
      let next = 0;
      await Promise.all(
        Array.from({ length: 32 }, async () => {
          while (next < asked) {
            next++;
            const { text } = await requester.ask({ system: 's', prompt: 'p', schema: {}, maxTokens: 10, temperature: 1, seed: 1 });
            answers.push((JSON.parse(text) as { examples: { text: string }[] }).examples[0].text);
          }
        }),
      );
      expect(answers.length).toBe(asked);
      expect(new Set(answers).size).toBe(asked);
      expect(server.mostOpen).toBeLessThanOrEqual(16 + 4); // a destroyed socket counts until it is closed
      expect(requester.statistics.retries).toBe(requester.statistics.requests - asked);
      expect(requester.statistics.retries).toBeGreaterThan(1000);
    } finally {
      await server.close();
    }
  }, 120_000);

  it('keeps to the limit of requests a minute', async () => {
    const started: number[] = [];
    const abort = new AbortController();
    const requester = createRequester(
      {
        name: 'ollama',
        model: 'm',
        async complete() {
          started.push(performance.now());
          return { text: '', promptTokens: 0, completionTokens: 0, cut: false };
        },
      },
      { concurrency: 8, retries: 0, timeout: 5, backOff: 0.01, requestsPerMinute: 5, signal: abort.signal },
    );
    const ask = () => requester.ask({ system: '', prompt: '', schema: {}, maxTokens: 1, temperature: 0, seed: 1 });
    const all = Promise.allSettled(Array.from({ length: 9 }, ask));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(started.length).toBe(5);
    abort.abort();
    expect((await all).filter(({ status }) => status === 'rejected').length).toBe(4);
  });

  it('believes a retry-after header only within bounds', () => {
    expect(retryAfterSeconds('2')).toBe(2);
    expect(retryAfterSeconds('86400')).toBe(120);
    expect(retryAfterSeconds('-5')).toBe(0);
    expect(retryAfterSeconds('soon')).toBeUndefined();
    expect(retryAfterSeconds(new Date(10_000).toUTCString(), 4000)).toBe(6);
  });
});
