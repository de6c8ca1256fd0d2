/** What the systems of bench/peers.ts read: real texts of about so many tokens, and label sets that no system has seen before. */
import { readFileSync } from 'node:fs';
import { randomInteger, randomStream } from '../../src/base/random.ts';
import type { Tokenizer } from '../../src/text/tokenizer/tokenizer.ts';

const SETS = 'datasets/benchmark';

const textsOf = (set: string): string[] =>
  readFileSync(`${SETS}/${set}/test.jsonl`, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { text: string; lang?: string })
    .filter(({ lang }) => lang === undefined || lang === 'eng_Latn')
    .map(({ text }) => text);

/** Texts of mean length `tokens`, within a fifth of it: bank customers' questions for less than 30 tokens, else sentences of news and guides, joined. */
export async function textsOfLength(tokenizer: Tokenizer, tokens: number, count: number): Promise<string[]> {
  const sentences = textsOf(tokens < 30 ? 'banking77' : 'sib200');
  const lengths = (await tokenizer.encodeBatch(sentences)).map(({ length }) => length);
  const found: string[] = [];
  // Each start gives one text: the sentences from there on that come nearest to the length.
  for (let start = 0; start < sentences.length && found.length < count; start++) {
    let length = 0;
    for (let end = start; end < sentences.length && length < 0.8 * tokens; end++) {
      length += lengths[end];
      if (length >= 0.8 * tokens && length <= 1.2 * tokens) found.push(sentences.slice(start, end + 1).join(' '));
    }
  }
  if (found.length === 0) throw new Error(`no texts of ${tokens} tokens in ${SETS}`);
  return Array.from({ length: count }, (_, at) => found[at % found.length]);
}

/** Different labels of two words each, the same for a number: of another number no label is the same. */
export function labelSet(count: number, number: number): string[] {
  const names = ['banking77', 'openalex_topics'].flatMap(
    (set) => JSON.parse(readFileSync(`${SETS}/${set}/labels.json`, 'utf8')) as string[],
  );
  const words = [...new Set(names.flatMap((name) => name.toLowerCase().match(/[a-z]{3,10}/g) ?? []))];
  const random = randomStream(3, number);
  // The first words of a number's labels are its own share of all words, so that sets never meet.
  const own = words.filter((_, at) => at % SHARES === number % SHARES);
  const labels = new Set<string>();
  while (labels.size < count) labels.add(`${own[randomInteger(random, own.length)]} ${words[randomInteger(random, words.length)]}`);
  return [...labels];
}

/** Label sets that have no label in common. */
const SHARES = 97;
