/** Questions: what is asked, what is answered, that neither order nor number nor company of options changes a score, and what is refused. */

import { readableText } from '../../../src/classify/questions/decide.ts';
import { askedQuestions, MOST_OPTIONS } from '../../../src/classify/questions/questions.ts';
import { GliZNet } from '../../../src/index.ts';
import { random } from '../../random.ts';
import { writeTinyCheckpoint } from '../../tiny-checkpoint.ts';

const TEXT = 'I was charged twice for the same parcel, please give me the money back today';
const QUESTIONS = {
  topic: { type: 'choice', options: ['billing', 'delivery', { label: 'praise', description: 'the customer is happy' }] },
  tags: { type: 'choice', options: { refund: 'money back', login: null }, multiple: true },
  angry: { type: 'predicate', instructions: 'the customer is angry' },
  urgency: { type: 'score', levels: ['can wait', 'soon', 'at once'], instructions: 'How urgent is it?' },
} as const;

let model: GliZNet;
beforeAll(async () => {
  model = await GliZNet.load(undefined, { threads: 1 });
});
afterAll(() => model.dispose());

describe('decide', () => {
  it('answers each kind of question with probabilities', async () => {
    const answers = await model.decide(TEXT, QUESTIONS);
    // Types are inferred: these lines do not compile where an option's name is not one of the question's.
    const topic: 'billing' | 'delivery' | 'praise' = answers.topic.answer;
    const refund: number = answers.tags.scores.refund;
    expect(topic).toBe('billing');
    const { billing, delivery, praise } = answers.topic.scores;
    expect(billing + delivery + praise).toBeCloseTo(1, 5);
    expect(answers.topic.confidence).toBeCloseTo((3 * billing - 1) / 2, 5);
    expect(refund).toBeGreaterThan(answers.tags.scores.login);
    expect(answers.angry.answer).toBe(answers.angry.probability >= 0.5);
    expect(answers.urgency.scores).toHaveLength(3);
    expect(answers.urgency.value).toBeCloseTo(answers.urgency.scores[1] + 2 * answers.urgency.scores[2], 5);
    expect(['can wait', 'soon', 'at once']).toContain(answers.urgency.level);
  });

  it('gives what classify gives, whatever other questions there are and in whatever order options come', async () => {
    const next = random(5);
    const labels = ['billing', 'delivery', 'praise', 'a fault in the app', 'how to pay'];
    const [classified] = await model.classify([TEXT], labels);
    for (let round = 0; round < 4; round++) {
      const options = [...labels].sort(() => next() - 0.5);
      const { topic } = await model.decide(
        TEXT,
        round % 2 ? { topic: { type: 'choice', options } } : { ...QUESTIONS, topic: { type: 'choice', options } },
      );
      for (const [at, label] of classified.labels.entries()) expect(topic.scores[label]).toBeCloseTo(classified.scores[at], 5);
    }
    const { tags } = await model.decide(TEXT, { tags: { type: 'choice', options: ['billing', 'praise'], multiple: true } });
    const [each] = await model.classify([TEXT], labels, { multiLabel: true });
    expect(tags.scores.billing).toBeCloseTo(each.scores[each.labels.indexOf('billing')], 5);
  });

  it('answers several texts as one by one, and JSON as its lines', async () => {
    const texts = [TEXT, 'Lovely service, thank you!', { subject: 'Parcel', body: { text: 'It never came', items: [1, 2] } }];
    const all = await model.decideAll(texts, QUESTIONS);
    for (const [at, text] of texts.entries()) {
      const one = await model.decide(text, QUESTIONS);
      expect(all[at].topic.answer).toBe(one.topic.answer);
      expect(all[at].angry.probability).toBeCloseTo(one.angry.probability, 4);
    }
    expect(readableText(texts[2])).toBe('subject: Parcel\nbody.text: It never came\nbody.items: 1, 2');
    expect(readableText([{ a: 1 }, { a: null, b: true }, 'x'])).toBe('a: 1\nb: true\nx');
  });

  it('asks a model whose labels see one another question by question', async () => {
    const joint = await GliZNet.load(await writeTinyCheckpoint());
    try {
      const alone = await joint.decide(TEXT, { topic: QUESTIONS.topic });
      const among = await joint.decide(TEXT, QUESTIONS);
      expect(among.topic.scores.billing).toBeCloseTo(alone.topic.scores.billing, 4);
    } finally {
      await joint.dispose();
    }
  });

  it('takes names that every object has', async () => {
    const questions = JSON.parse('{"__proto__": {"type": "choice", "options": ["__proto__", "constructor", "toString"]}}');
    const answers = await model.decide(TEXT, questions);
    expect(Object.keys(answers)).toEqual(['__proto__']);
    const { scores } = Object.getOwnPropertyDescriptor(answers, '__proto__')!.value as { scores: Record<string, number> };
    expect(Object.keys(scores).sort()).toEqual(['__proto__', 'constructor', 'toString']);
  });

  it('answers a question of very many options', async () => {
    const options = Array.from({ length: 600 }, (_, i) => `option number ${i}`);
    const { which } = await model.decide('option number 77', { which: { type: 'choice', options } });
    expect(Object.values(which.scores).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 2);
  });
});

const choice = (options: unknown, more: object = {}) => ({ q: { type: 'choice', options, ...more } });
describe('refuses', () => {
  it.each<[string, unknown, RegExp]>([
    ['no questions', {}, /^questions: there are none$/],
    ['a list', [], /^questions must be an object/],
    ['a question that is none', { q: 'x' }, /^questions, "q" must be an object with "type"/],
    ['an unknown type', { q: { type: 'rank' } }, /^questions, "q", field "type" must be choice, predicate/],
    ['a type that every object has', { q: { type: 'constructor' } }, /field "type" must be/],
    ['an unknown field', choice(['a', 'b'], { labels: [] }), /a choice has no field "labels"; there are type, options/],
    ['one option', choice(['a']), /field "options": 1 given, a question needs at least 2/],
    ['no options', choice(undefined), /field "options" must be a list, or an object/],
    ['equal options', choice(['a', ' a']), /"a" is given twice/],
    ['an empty option', choice(['a', ' ']), /field "options", number 2 must be text that is not empty/],
    ['a number as an option', choice([1, 2]), /number 1 must be text/],
    ['a description that is none', choice([{ label: 'a', description: NaN }, 'b']), /number 1, field "description" must be text/],
    ['an option with another field', choice([{ label: 'a', value: 1 }, 'b']), /number 1: there is no field "value"/],
    ['too many options', choice(Array.from({ length: MOST_OPTIONS + 1 }, (_, i) => `o${i}`)), /10001 given, 10000 at most/],
    ['too many questions', Object.fromEntries(Array.from({ length: 257 }, (_, i) => [i, choice(['a', 'b']).q])), /257 given, 256 at most/],
    ['a multiple that is none', choice(['a', 'b'], { multiple: 'no' }), /field "multiple" must be true or false/],
    ['a statement without words', { q: { type: 'noul' } }, /field "instructions" says no statement/],
    ['criteria that are none', { q: { type: 'noul', criteria: { yes: 'x' } } }, /field "criteria": there is no field "yes"/],
    ['levels that are none', { q: { type: 'score', levels: 'abc' } }, /field "levels" must be a list/],
  ])('%s', (_, questions, message) => {
    expect(() => askedQuestions(questions)).toThrow(message);
  });

  it('options that are the same to the model, texts that are no JSON, what is nested too deep', async () => {
    await expect(model.decide(TEXT, { q: { type: 'choice', options: ['Refund', 'refund'] } })).rejects.toThrow(
      /question "q": .*same to the model/,
    );
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    await expect(model.decide(circular as never, QUESTIONS)).rejects.toThrow(/^text 1 must be text or JSON/);
    const deep = JSON.parse(`${'['.repeat(2000)}${']'.repeat(2000)}`);
    await expect(model.decide(deep, QUESTIONS)).rejects.toThrow(/nested too deep/);
    await expect(model.decide(undefined as never, QUESTIONS)).rejects.toThrow(/^text 1 must be text or JSON/);
  });
});
