/**
 * One session with several threads against as many sessions of one thread each: texts a second of both, by turns, the same texts in the same batches.
 * Run: npm run bench -- session-pool [--checkpoint FOLDER] [--threads 2] [--texts 2000] [--rounds 3]
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { loadClassifier } from '../src/classify/load-classifier.ts';

const { values } = parseArgs({
  options: {
    checkpoint: { type: 'string', default: 'checkpoints/glz-mini' },
    threads: { type: 'string', default: String(availableParallelism()) },
    texts: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '3' },
  },
});
const [threads, count, rounds] = [values.threads, values.texts, values.rounds].map(Number);
const WORDS = 'the parcel never came and I was charged twice for it please send my money back or tell me when it will arrive'.split(' ');
const labels = ['billing', 'delivery', 'returns and refunds', 'login and account', 'app crash', 'praise', 'product question', 'other'];
const requests = Array.from({ length: count }, (_, at) => ({
  text: `${at} ${WORDS.slice(at % 7, 8 + (at % (WORDS.length - 8))).join(' ')}`,
  labels,
}));

const median = (some: readonly number[]): number => [...some].sort((a, b) => a - b)[some.length >> 1];

console.log('| precision | one session, texts/s | side by side | times |\n| --- | --- | --- | --- |');
for (const precision of ['fp32', 'int8'] as const) {
  const one = await loadClassifier(values.checkpoint, { precision, threads, sessions: 1 });
  await one.logits(requests);
  const many = await loadClassifier(values.checkpoint, { precision, threads, sessions: threads });
  // Twice: the sessions are opened meanwhile.
  for (let round = 0; round < 2; round++) await many.logits(requests);
  const rates = { one: [] as number[], many: [] as number[] };
  for (let round = 0; round < rounds; round++)
    for (const [name, classifier] of [
      ['one', one],
      ['many', many],
    ] as const) {
      const began = performance.now();
      await classifier.logits(requests);
      rates[name].push((1000 * count) / (performance.now() - began));
    }
  const [slow, fast] = [median(rates.one), median(rates.many)];
  console.log(`| ${[precision, slow.toFixed(0), fast.toFixed(0), (fast / slow).toFixed(2)].join(' | ')} |`);
  await Promise.all([one.dispose(), many.dispose()]);
}
