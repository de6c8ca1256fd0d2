/** `glz predict --questions`: answers beside each record, in every place that a text comes from; what is refused. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callGlz } from '../../call-glz.ts';
import { temporaryFolder } from '../../tiny-checkpoint.ts';

const folder = temporaryFolder();
const questions = join(folder, 'questions.yaml');
writeFileSync(
  questions,
  'topic: {type: choice, options: {billing: null, delivery: a parcel did not come}}\nurgent: {type: predicate, instructions: urgent}\n',
);
const parse = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

it('answers one text, and the records of a file, which keep their own', async () => {
  const one = await callGlz(['predict', '--threads', '1', '--text', 'I was charged twice', '--questions', questions]);
  expect(one.code).toBe(0);
  const [{ answers }] = parse(one.stdout);
  expect(Object.keys(answers)).toEqual(['topic', 'urgent']);
  expect(answers.topic.answer).toBe('billing');
  const input = join(folder, 'in.jsonl');
  writeFileSync(
    input,
    '{"id":1,"text":"I was charged twice","answers":"old"}\n{"id":2}\n{"id":3,"text":{"subject":"parcel","body":"it never came"}}\n',
  );
  const output = join(folder, 'out.jsonl');
  const all = await callGlz(['predict', '--threads', '1', input, '--questions', questions, '--output', output, '--quiet']);
  expect(all.code).toBe(0);
  const records = parse(readFileSync(output, 'utf8'));
  expect(records.map(({ id }) => id)).toEqual([1, 3]);
  expect(records[0]).toMatchObject({ input_answers: 'old', answers: { topic: { answer: 'billing' } } });
  expect(records[0].answers.topic.scores.billing).toBeCloseTo(answers.topic.scores.billing, 4);
  expect(records[1].answers.topic.answer).toBe('delivery');
});

it.each<[string, string | undefined, string[], RegExp]>([
  ['labels beside it', undefined, ['--labels', 'a,b'], /^glz: --questions and --labels do not go together/],
  ['an option of labels beside it', undefined, ['--top-k', '1'], /^glz: --questions and --top-k do not go together/],
  ['a file that is none', 'q: [', [], /^glz: .*bad\.yaml: not YAML, line 1/],
  ['a question that is none', 'q: {type: choice, options: [a]}', [], /^glz: .*bad\.yaml, "q", field "options": 1 given/],
  ['options that are the same to the model', 'q: {type: choice, options: [Refund, refund]}', [], /^glz: question "q": /],
])('refuses %s', async (_, text, more, message) => {
  const file = text === undefined ? questions : join(folder, 'bad.yaml');
  if (text !== undefined) writeFileSync(file, text);
  const { code, stderr, stdout } = await callGlz(['predict', '--threads', '1', '--text', 'x', '--questions', file, ...more]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(message);
  expect(stderr.trim()).not.toContain('\n');
});
