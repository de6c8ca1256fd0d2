import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { arraysIn, exampleSchema, parseAnswer } from '../../src/generate/answer.ts';
import { openJournal } from '../../src/generate/journal.ts';
import { hardNegatives, isBroader, labelKey, normalizeLabel, sameMeaning } from '../../src/generate/label-meaning.ts';
import { createNearDuplicates } from '../../src/generate/near-duplicates.ts';
import { distinctRequests, plannedRequest, plannedText } from '../../src/generate/plan.ts';
import { examplesPrompt, labelPrompt, negativesPrompt, verifyPrompt } from '../../src/generate/prompts.ts';
import { createGroqProvider, retryAfterSeconds } from '../../src/generate/providers/groq-provider.ts';
import { type Provider, ProviderError } from '../../src/generate/providers/provider.ts';
import { checkExample, leaks } from '../../src/generate/quality.ts';
import { createRequester, NoAnswerError } from '../../src/generate/requester.ts';
import { checkGenerateSettings, readGenerateSettings } from '../../src/generate/settings.ts';
import { ROOT, temporaryFolder } from '../tiny-checkpoint.ts';
import { startFaultServer, uniqueText } from './providers/fault-server.ts';

const preset = (name: string) => checkGenerateSettings(readGenerateSettings(`${ROOT}configs/generate/${name}.yaml`), name);

describe('plan', () => {
  const domains = (settings: ReturnType<typeof preset>, numbers: number[]) => {
    const counts = new Map<string, number>();
    for (const number of numbers) {
      const { domain } = plannedRequest(settings, number);
      counts.set(domain, (counts.get(domain) ?? 0) + 1);
    }
    return counts;
  };

  it("asks for the article's 50,847 examples without asking anything twice, from every domain in its share", () => {
    const settings = preset('article');
    expect(settings.count).toBe(50_847);
    const numbers = Array.from({ length: Math.ceil(settings.count / settings.examples_per_request) }, (_, i) => i);
    expect(new Set(numbers.map((number) => examplesPrompt(plannedRequest(settings, number)).prompt)).size).toBe(numbers.length);
    expect(plannedRequest(settings, 4711)).toEqual(plannedRequest(settings, 4711));
    expect(plannedRequest({ ...settings, seed: 2 }, 0)).not.toEqual(plannedRequest(settings, 0));
    const subtopics = (domain: string) => Object.values(settings.domains[domain]).flat().length;
    const all = Object.keys(settings.domains).reduce((sum, domain) => sum + subtopics(domain), 0);
    const counts = domains(settings, numbers);
    for (const domain of Object.keys(settings.domains)) {
      const share = counts.get(domain)! / numbers.length;
      expect(Math.abs(share / (subtopics(domain) / all) - 1)).toBeLessThan(0.2);
    }
  });

  it('repeats no request of a small plan before all are used up', () => {
    const settings = { ...preset('small'), languages: ['English', 'German'] };
    const distinct = distinctRequests(settings);
    expect(distinct).toBeGreaterThan(25_000); // 50,000 examples, two in a request
    const prompts = Array.from({ length: 26_000 }, (_, number) => examplesPrompt(plannedRequest(settings, number)).prompt);
    expect(new Set(prompts).size).toBe(prompts.length);
    const tiny = checkGenerateSettings(
      {
        domains: { a: ['b', 'c'] },
        tasks: ['topic', 'urgency'],
        styles: ['s'],
        lengths: ['l', 'm'],
        personas: ['p'],
        difficulties: ['d', 'e', 'f'],
      },
      'tiny',
    );
    const count = distinctRequests(tiny);
    expect(new Set(Array.from({ length: count }, (_, number) => examplesPrompt(plannedRequest(tiny, number)).prompt)).size).toBe(count);
  });

  it('gives a text with one urgency one label, and subtopics their topic', () => {
    const settings = checkGenerateSettings(
      { domains: { a: { b: ['c', 'd'] } }, tasks: ['urgency', 'multi-label', 'topic'], labels: [1, 3] },
      'x',
    );
    const planned = Array.from({ length: 400 }, (_, number) => plannedRequest(settings, number));
    const counts = (task: string) => [...new Set(planned.filter((each) => each.task === task).map(({ labels }) => labels))].sort();
    expect([counts('urgency'), counts('multi-label'), counts('topic')]).toEqual([[1], [2, 3], [1, 2, 3]]);
    expect(examplesPrompt(planned[0]).prompt).toMatch(/Topic: b, in particular [cd]\./);
    expect(new Set(planned.filter(({ style }) => style === 'headline').map(({ length }) => length))).toEqual(
      new Set(['one short sentence']),
    );
  });

  it('lets given labels take turns, each with other requests and other labels beside it', () => {
    const settings = preset('small');
    const labels = Array.from({ length: 77 }, (_, i) => `intent ${i}`);
    const planned = Array.from({ length: 77 * 198 }, (_, number) => plannedText(settings, labels, number));
    expect(planned.slice(77, 154).map(({ label }) => label)).toEqual(labels);
    const same = planned.filter(({ label }) => label === 'intent 5');
    expect(new Set(same.map(({ number, seed, others, ...rest }) => JSON.stringify(rest))).size).toBe(198); // 11 styles with their lengths, 6 personas, 3 difficulties
    expect(same.every(({ others }) => others.length === 30 && !others.includes('intent 5'))).toBe(true);
    expect(new Set(same.flatMap(({ others }) => others)).size).toBe(76);
    expect(labelPrompt(planned[5]).prompt).toMatch(/the label "intent 5" fits and none of these: intent/);
  });

  it('shows a long text of the user in part, in both questions about it', () => {
    const text = 'word '.repeat(20_000);
    expect(negativesPrompt([{ text, labels: ['a'] }], 2).prompt.length).toBeLessThan(3000);
    expect(verifyPrompt([{ text, candidates: ['a', 'b'] }]).prompt.length).toBeLessThan(3000);
  });

  it('names the field of a setting that is wrong', () => {
    expect(() => checkGenerateSettings({ domains: { a: ['b'] }, labels: [3, 1] }, 'x.yaml')).toThrow(
      /x\.yaml: labels: the first number is larger/,
    );
    expect(() => checkGenerateSettings({ domains: { a: ['b'] }, colour: 1 }, 'x.yaml')).toThrow(/colour/);
    expect(() => checkGenerateSettings({ domains: { a: 'b' } }, 'x.yaml')).toThrow(/x\.yaml: domains\.a: expected a list of topics/);
    expect(() => checkGenerateSettings({ domains: { '': ['b'] } }, 'x.yaml')).toThrow(/x\.yaml: domains: a name is empty/);
    expect(() => checkGenerateSettings({ domains: ['a'] }, 'x.yaml')).toThrow(/x\.yaml: domains: must be an object/);
    expect(() => checkGenerateSettings({ colour: 1 }, 'x.yaml')).toThrow(/domains/);
  });

  it('takes domains and topics whatever they are called', () => {
    const domains = JSON.parse('{"__proto__":{"constructor":["a"],"__proto__":["b","c"]},"plain":["d"]}') as object;
    expect(JSON.stringify(checkGenerateSettings({ domains }, 'x.yaml').domains)).toBe(JSON.stringify(domains));
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
    expect(arraysIn('[{"a":1},{"b":')).toEqual([[{ a: 1 }]]);
  });
});

describe('quality', () => {
  const settings = () => ({
    prompt: 'Write two different texts with labels about banks.\nSample: "I had expected more from this lawn mower."',
    nearDuplicates: createNearDuplicates(),
    allowLeakage: true,
  });
  const good = { text: 'The parcel has not arrived after two weeks of waiting.', labels: ['delivery'], not_labels: ['refund'] };

  it('normalizes labels and tells those that are spelled otherwise', () => {
    expect(normalizeLabel('  Product_Reviews. ')).toBe('product reviews');
    expect(normalizeLabel('customerService')).toBe('customer service');
    expect(labelKey('The Delays of Flights')).toBe(labelKey('flight delay'));
    expect(leaks('I want my two refunds now', 'Refund')).toBe(true);
    expect(leaks('I was refunded', 'refund')).toBe(false);
  });

  it('tells synonyms and inflections from labels that are only close', () => {
    const pairs = readFileSync(`${ROOT}tests/fixtures/label-pairs.tsv`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split('\t'));
    const taken = (same: string) => pairs.filter(([is, a, b]) => is === same && sameMeaning(a, b));
    expect(taken('0')).toEqual([]);
    expect(taken('1').length).toBeGreaterThanOrEqual(36); // of 40
    for (const [, a, b] of pairs) expect(sameMeaning(b, a)).toBe(sameMeaning(a, b));
  });

  it('tells what is broader', () => {
    for (const [label, broader] of [
      ['bank card', 'card'],
      ['anger', 'emotion'],
      ['football', 'sport'],
      ['late delivery', 'deliveries'],
    ]) {
      expect([label, broader, isBroader(label, broader)]).toEqual([label, broader, true]);
      expect(isBroader(broader, label)).toBe(false);
    }
    for (const [label, other] of [
      ['not urgent', 'urgent'],
      ['credit card', 'debit card'],
      ['joy', 'sadness'],
    ])
      expect([label, other, isBroader(label, other)]).toEqual([label, other, false]);
  });

  it('takes out hard negatives that are true or no labels, and counts them', () => {
    const proposed = ['overdrafted', 'fee', 'not overdraft', 'bank fees', 'interest', 'label', 'refund', 'refunds', 'a b c d e f g h i'];
    expect(hardNegatives(['overdraft', 'bank fee'], proposed)).toEqual({
      kept: ['interest', 'refund'],
      taken: {
        'means the same as a true label': 2,
        'broader than a true label': 1,
        'negation of a true label': 1,
        'named twice': 1,
        'no label': 2,
      },
    });
    const result = checkExample({ ...good, labels: ['Joy', 'joys'], not_labels: ['happiness', 'Fear', 'fear'] }, settings());
    expect(result).toMatchObject({
      example: { labels: ['joy'], not_labels: ['fear'] },
      taken: { 'means the same as a true label': 1, 'named twice': 1 },
    });
  });

  it.each([
    ['refusal', { ...good, text: "I'm sorry, but I can't help with that request." }, {}],
    ['no real text', { ...good, text: 'text' }, {}],
    ['echo of the prompt', { ...good, text: 'write two different texts with labels about banks.' }, {}],
    ['echo of the prompt', { ...good, text: 'A good deal? I was expecting more from this lawn-mower!' }, {}],
    ['echo of the prompt', { ...good, text: 'different texts' }, {}],
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
    for (let i = 0; i < 1000; i++) {
      expect(memory.has(uniqueText(i))).toBe(false);
      memory.add(uniqueText(i));
    }
    for (let i = 0; i < 1000; i += 50) {
      expect(memory.has(uniqueText(i).toUpperCase())).toBe(true);
      expect(memory.has(`${uniqueText(i)} indeed`)).toBe(true);
    }
    memory.add('The hotel in Rome was clean, but the breakfast was cold and the staff rude.');
    expect(memory.has('The hotel in Paris was clean, but the breakfast was cold and the staff rude!')).toBe(true);
    expect(memory.has('The staff of the hotel was rude, and breakfast came cold; only the room was clean.')).toBe(false);
    memory.add('\u9019\u500b\u5bb6\u5ead\u7684\u65e9\u9910\u662f\u51b7\u7684');
    expect(memory.has('\u9019\u500b\u5bb6\u5ead\u7684\u5348\u9910\u662f\u51b7\u7684')).toBe(true);
  });
});

describe('journal', () => {
  it('lets a run without an answer be put right, and no other one', () => {
    const path = join(temporaryFolder(), 'out.jsonl');
    openJournal(path, 'wrong model').close();
    const journal = openJournal(path, 'right model');
    journal.add(3, [{ text: 't', labels: ['a'], not_labels: [] }], { 'near-duplicate': 1 }, { 'named twice': 2 });
    journal.close();
    expect(() => openJournal(path, 'wrong model')).toThrow(/begun with another plan/);
    const again = openJournal(path, 'right model');
    expect([[...again.done], again.records.length, again.dropped, again.mended]).toEqual([
      [3],
      1,
      { 'near-duplicate': 1 },
      { 'named twice': 2 },
    ]);
    again.close();
  });
});

/** A request takes its time: `npm run test:faults` makes 10,000. */
const QUESTIONS = Number(process.env.GLZ_QUESTIONS ?? 500);

describe('requester', () => {
  it(`asks ${QUESTIONS} questions through faults: each is answered once, concurrency bounded`, async () => {
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
      const answers: string[] = [];
      let next = 0;
      await Promise.all(
        Array.from({ length: 32 }, async () => {
          while (next < QUESTIONS) {
            next++;
            const { text } = await requester.ask({ system: 's', prompt: 'p', schema: {}, maxTokens: 10, temperature: 1, seed: 1 });
            answers.push((JSON.parse(text) as { examples: { text: string }[] }).examples[0].text);
          }
        }),
      );
      expect(answers.length).toBe(QUESTIONS);
      expect(new Set(answers).size).toBe(QUESTIONS);
      expect(server.mostOpen).toBeLessThanOrEqual(16 + 4); // a destroyed socket counts until it is closed
      expect(requester.statistics.retries).toBe(requester.statistics.requests - QUESTIONS);
      expect(requester.statistics.retries).toBeGreaterThan(QUESTIONS / 10);
    } finally {
      await server.close();
    }
  }, 300_000);

  const requesterOf = (complete: Provider['complete'], settings = {}) =>
    createRequester(
      { name: 'ollama', model: 'm', complete },
      { concurrency: 8, retries: 2, timeout: 5, backOff: 0.001, signal: new AbortController().signal, ...settings },
    );
  const question = { system: '', prompt: '', schema: {}, maxTokens: 1, temperature: 0, seed: 1 };
  const answer = { text: '', promptTokens: 0, completionTokens: 0, cut: false, thought: false };

  it('stops at once where no server is there, and waits for one that was', async () => {
    let calls = 0;
    const absent = () => {
      calls++;
      return Promise.reject(new ProviderError('absent', 'no server'));
    };
    const never = requesterOf(absent).ask(question);
    await expect(never).rejects.toThrow(/^no server$/);
    await expect(never).rejects.not.toBeInstanceOf(NoAnswerError);
    expect(calls).toBe(1);
    const restarted = requesterOf(() => (calls++ === 2 || calls === 4 ? absent() : Promise.resolve(answer)));
    await restarted.ask(question);
    await restarted.ask(question);
    expect(restarted.statistics).toMatchObject({ answers: 2, retries: 1 });
  });

  it('lets nobody ask before the time that the server names', async () => {
    const asked: number[] = [];
    const requester = requesterOf(() => {
      asked.push(performance.now());
      return asked.length === 1 ? Promise.reject(new ProviderError('overload', 'slow down', 0.2)) : Promise.resolve(answer);
    });
    const first = requester.ask(question);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await Promise.all([first, requester.ask(question), requester.ask(question)]);
    expect(asked.length).toBe(4);
    for (const at of asked.slice(1)) expect(at - asked[0]).toBeGreaterThanOrEqual(195);
  });

  it('keeps to the limit of requests a minute', async () => {
    const started: number[] = [];
    const abort = new AbortController();
    const requester = requesterOf(
      async () => {
        started.push(performance.now());
        return answer;
      },
      { requestsPerMinute: 5, signal: abort.signal },
    );
    const all = Promise.allSettled(Array.from({ length: 9 }, () => requester.ask(question)));
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
