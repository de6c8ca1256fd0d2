/**
 * The steps of a `tokenizer.json` that are let through to the native library: known types with known fields of the right kind. On others
 * the library may guess another type from the fields, or end the process.
 */

import type { DataError } from '../../base/errors.ts';
import { isObject } from '../../base/is-object.ts';
import { quoted } from '../../base/printable.ts';
import { characterMapFault } from './character-map.ts';
import { patternFault } from './regular-expression.ts';

/** Makes the error that names the file. */
export type Fail = (what: string) => DataError;

/** What is wrong with the value of a field, or undefined. */
type Check = (value: unknown) => string | undefined;

/** What a place holds: a type's fields. Those whose check takes `undefined` may be left out. */
type Fields = Readonly<Record<string, Check>>;
type Types = Readonly<Record<string, Fields>>;

const LONGEST_TEXT = 256;
const MOST_STEPS = 32;
const DEEPEST_STEPS = 4;
/** How much longer the steps may make a text, all together. */
const MOST_GROWTH = 32;

/** True for an id as the native library has it: 32 bits. */
export const isId = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= 0xffffffff;

const expected =
  (what: string, holds: (value: unknown) => boolean): Check =>
  (value) =>
    holds(value) ? undefined : `is ${quoted(value)}, expected ${what}`;
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || value === null ? undefined : check(value);

const flag = expected('true or false', (value) => typeof value === 'boolean');
const text = expected(`text of at most ${LONGEST_TEXT} characters`, (value) => typeof value === 'string' && value.length <= LONGEST_TEXT);
const someText: Check = (value) => (value === '' ? 'is empty' : text(value));
const character = expected('one character', (value) => typeof value === 'string' && [...value].length === 1);
const oneOf = (...names: string[]): Check => expected(`one of ${names.join(', ')}`, (value) => names.includes(value as string));
const wholeTo = (most: number): Check =>
  expected(
    `a whole number from 1 to ${most}`,
    (value) => Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= most,
  );
const tokenAndId = expected(
  'a token and its id',
  (value) => Array.isArray(value) && value.length === 2 && text(value[0]) === undefined && isId(value[1]),
);
const behavior = oneOf('Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous');

function pattern(value: unknown): string | undefined {
  const [kind, ...more] = isObject(value) ? Object.keys(value) : [];
  const content = isObject(value) && kind !== undefined ? value[kind] : undefined;
  if (more.length > 0 || typeof content !== 'string') return 'is neither {"String": ...} nor {"Regex": ...}';
  if (content === '') return 'is empty';
  if (kind === 'String') return text(content);
  if (kind !== 'Regex') return 'is neither {"String": ...} nor {"Regex": ...}';
  const fault = patternFault(content);
  return fault === undefined ? undefined : `${quoted(content)} is a regular expression that is not run: ${fault}`;
}

const BYTE_LEVEL: Fields = { add_prefix_space: optional(flag), trim_offsets: optional(flag), use_regex: optional(flag) };
const METASPACE: Fields = {
  replacement: character,
  prepend_scheme: optional(oneOf('first', 'never', 'always')),
  split: optional(flag),
  add_prefix_space: optional(flag),
  str_rep: optional(text),
};
const REPLACE: Fields = { pattern, content: text };

const NORMALIZERS: Types = {
  BertNormalizer: { clean_text: flag, handle_chinese_chars: flag, strip_accents: optional(flag), lowercase: flag },
  Strip: { strip_left: flag, strip_right: flag },
  StripAccents: {},
  NFC: {},
  NFD: {},
  NFKC: {},
  NFKD: {},
  Lowercase: {},
  Nmt: {},
  Precompiled: { precompiled_charsmap: (value) => characterMapFault(value) && `is damaged: ${characterMapFault(value)}` },
  Replace: REPLACE,
  Prepend: { prepend: someText },
  ByteLevel: BYTE_LEVEL,
};

const PRE_TOKENIZERS: Types = {
  BertPreTokenizer: {},
  ByteLevel: BYTE_LEVEL,
  CharDelimiterSplit: { delimiter: character },
  Metaspace: METASPACE,
  Whitespace: {},
  WhitespaceSplit: {},
  Split: { pattern, behavior, invert: optional(flag) },
  Punctuation: { behavior: optional(behavior) },
  Digits: { individual_digits: optional(flag) },
  UnicodeScripts: {},
  FixedLength: { length: wholeTo(1 << 20) },
};

/** Makes a check of a template: a list of special tokens and of each of these sequences once. */
const template =
  (...sequences: string[]): Check =>
  (parts) => {
    if (!Array.isArray(parts) || parts.length > MOST_STEPS) return 'is no list of tokens and sequences';
    const found: unknown[] = [];
    for (const part of parts) {
      const [kind, ...more] = isObject(part) ? Object.keys(part) : [];
      const inner = isObject(part) && more.length === 0 ? part[kind!] : undefined;
      if (!isObject(inner) || !isId(inner.type_id) || typeof inner.id !== 'string') return 'has an unknown part';
      if (kind === 'Sequence') found.push(inner.id);
      else if (kind !== 'SpecialToken') return 'has an unknown part';
    }
    return found.sort().join() === sequences.join()
      ? undefined
      : `has the sequences ${quoted(found.join())} instead of ${sequences.join()}`;
  };

const specialTokens: Check = (tokens) => {
  if (!isObject(tokens)) return 'is no object of tokens';
  for (const [name, token] of Object.entries(tokens)) {
    const { id, ids, tokens: texts } = isObject(token) ? token : {};
    if (id !== name || !Array.isArray(ids) || !ids.every(isId) || !Array.isArray(texts) || texts.length !== ids.length)
      return `has no ids for ${quoted(name)}`;
    if (ids.length > MOST_STEPS || !texts.every((each) => text(each) === undefined)) return `has too much for ${quoted(name)}`;
  }
  return undefined;
};

const POST_PROCESSORS: Types = {
  BertProcessing: { sep: tokenAndId, cls: tokenAndId },
  RobertaProcessing: { sep: tokenAndId, cls: tokenAndId, trim_offsets: flag, add_prefix_space: flag },
  TemplateProcessing: { single: template('A'), pair: template('A', 'B'), special_tokens: specialTokens },
  ByteLevel: BYTE_LEVEL,
};

const DECODERS: Types = {
  BPEDecoder: { suffix: text },
  ByteLevel: BYTE_LEVEL,
  WordPiece: { prefix: text, cleanup: flag },
  Metaspace: METASPACE,
  CTC: { pad_token: text, word_delimiter_token: text, cleanup: flag },
  Replace: REPLACE,
  Fuse: {},
  Strip: { content: character, start: isIdCheck, stop: isIdCheck },
  ByteFallback: {},
};
function isIdCheck(value: unknown): string | undefined {
  return isId(value) ? undefined : `is ${quoted(value)}, expected a whole number`;
}

/** The places of steps, with the name of the list in a step that is several. */
const PLACES: Readonly<Record<string, { types: Types; list: string }>> = {
  normalizer: { types: NORMALIZERS, list: 'normalizers' },
  pre_tokenizer: { types: PRE_TOKENIZERS, list: 'pretokenizers' },
  post_processor: { types: POST_PROCESSORS, list: 'processors' },
  decoder: { types: DECODERS, list: 'decoders' },
};

function checkTemplateTokens(step: Record<string, unknown>, where: string, fail: Fail): void {
  for (const part of [step.single, step.pair].flat() as { SpecialToken?: { id: string } }[]) {
    const id = part.SpecialToken?.id;
    if (id !== undefined && !Object.hasOwn(step.special_tokens as object, id))
      throw fail(`"${where}" uses the token ${quoted(id)}, which it does not define`);
  }
}

/** The steps of a place, those inside others too, in order. @throws what `fail` makes where one is not known as it is. */
function knownSteps(step: unknown, place: string, where: string, fail: Fail, depth = 0): Record<string, unknown>[] {
  if (step === null || step === undefined) return [];
  const { types, list } = PLACES[place]!;
  if (!isObject(step) || typeof step.type !== 'string') throw fail(`"${where}" has no type`);
  const { type, ...fields } = step;
  if (type === 'Sequence') {
    const steps = fields[list];
    const other = Object.keys(fields).find((name) => name !== list);
    if (other !== undefined) throw fail(`"${where}" has the unknown field ${quoted(other)}`);
    if (!Array.isArray(steps) || steps.length > MOST_STEPS) throw fail(`"${where}.${list}" is no list of at most ${MOST_STEPS} steps`);
    if (depth >= DEEPEST_STEPS) throw fail(`"${where}": steps are nested too deeply`);
    return steps.flatMap((inner, at) => {
      if (inner === null) throw fail(`"${where}.${list}[${at}]" has no type`);
      return knownSteps(inner, place, `${where}.${list}[${at}]`, fail, depth + 1);
    });
  }
  const checks = Object.hasOwn(types, type) ? types[type] : undefined;
  if (!checks) throw fail(`"${where}" is of the unknown type ${quoted(type)}`);
  for (const [name, check] of Object.entries(checks)) {
    const fault = check(fields[name]);
    if (fault !== undefined) throw fail(`"${where}.${name}" ${fault}`);
  }
  const unknown = Object.keys(fields).find((name) => !Object.hasOwn(checks, name));
  if (unknown !== undefined) throw fail(`"${where}" has the unknown field ${quoted(unknown)}`);
  if (type === 'TemplateProcessing') checkTemplateTokens(step, where, fail);
  return [step];
}

/** How many times longer a step can make a text. */
function growth({ type, pattern: replaced, content }: Record<string, unknown>): number {
  if (type !== 'Replace') return 1;
  const { String: literal } = replaced as { String?: string };
  return Math.max(1, (content as string).length / (literal?.length ?? 1));
}

/** Checks all steps of a `tokenizer.json`. @throws what `fail` makes, naming the field, where one is not known as it is. */
export function checkKnownSteps(json: Readonly<Record<string, unknown>>, fail: Fail): void {
  const stepsOf = (place: string) => knownSteps(json[place], place, place, fail);
  const [normalizers, , processors] = Object.keys(PLACES).map(stepsOf) as [Record<string, unknown>[], unknown, Record<string, unknown>[]];
  const grown = normalizers.reduce((product, step) => product * growth(step), 1);
  if (grown > MOST_GROWTH) throw fail(`"normalizer" makes a text up to ${grown.toPrecision(3)} times longer`);
  // The library makes room for the tokens of one only.
  if (processors.filter(({ type }) => type !== 'ByteLevel').length > 1) throw fail('"post_processor" adds special tokens twice');
}
