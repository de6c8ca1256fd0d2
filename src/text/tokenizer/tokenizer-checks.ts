/**
 * Checks of a `tokenizer.json` before it reaches the native library, which on some malformed steps does not report an error but ends the
 * process: a damaged character map, a template that names a token it does not define, an empty pattern.
 * Imports errors and the tokenizer.json form.
 */
import { DataError } from '../../base/errors.ts';
import type { Step, TokenizerJson } from './tokenizer-json.ts';

type Fail = (what: string) => DataError;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The bits of one unit of the character map's trie (a Darts double array, as SentencePiece writes it). */
const IS_VALUE = 0x80000000;
const HAS_LEAF = 0x100;
const offsetOf = (unit: number) => (unit >>> 10) << ((unit & 0x200) >>> 6);

/**
 * Checks SentencePiece's compiled character map: a byte count, a trie of 32-bit units, then texts that end in zero bytes. Every step from
 * every unit has to stay inside the trie, and every value has to point at the start of a character inside the texts.
 */
function checkCharacterMap(map: Buffer, fail: Fail): void {
  const damaged = (what: string) => fail(`the character map is damaged (${what})`);
  if (map.length < 4) throw damaged('shorter than its header');
  const bytes = map.readUInt32LE(0);
  if (bytes === 0 || bytes % 4 !== 0 || bytes > map.length - 4) throw damaged(`a trie of ${bytes} bytes in ${map.length}`);
  const texts = map.subarray(4 + bytes);
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(texts);
  } catch {
    throw damaged('its texts are not UTF-8');
  }
  const units = bytes / 4;
  const unitAt = (index: number) => map.readUInt32LE(4 + 4 * index);
  for (let index = 0; index < units; index++) {
    const unit = unitAt(index);
    if (unit & IS_VALUE) continue;
    const next = (index ^ offsetOf(unit)) >>> 0;
    // A step adds a byte by exclusive or, which changes the lowest eight bits only.
    if ((next | 0xff) >= units) throw damaged(`unit ${index} leads outside`);
    if (!(unit & HAS_LEAF)) continue;
    const value = unitAt(next) & 0x7fffffff;
    if (value > texts.length || (value < texts.length && (texts[value]! & 0xc0) === 0x80))
      throw damaged(`unit ${index} points outside the texts`);
  }
}

function checkTemplate(step: Step, fail: Fail): void {
  const { single, pair, special_tokens: defined } = step;
  for (const sequence of [single, pair]) {
    if (!Array.isArray(sequence)) throw fail('the post-processor has no template');
    for (const part of sequence) {
      const token = isObject(part) ? part.SpecialToken : undefined;
      if (token === undefined && !(isObject(part) && isObject(part.Sequence))) throw fail('the post-processor has an unknown part');
      if (token === undefined) continue;
      const id = isObject(token) ? token.id : undefined;
      if (typeof id !== 'string' || !isObject(defined) || !Object.hasOwn(defined, id))
        throw fail(`the post-processor uses the token ${JSON.stringify(id)}, which it does not define`);
    }
  }
}

function checkStep(step: unknown, fail: Fail, depth = 0): void {
  if (step === null || step === undefined) return;
  if (!isObject(step) || typeof step.type !== 'string') throw fail('a step has no type');
  if (depth > 8) throw fail('steps are nested too deeply');
  if (step.type === 'Precompiled') {
    const map = step.precompiled_charsmap;
    if (typeof map !== 'string' || map.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(map))
      throw fail('the character map is not base64');
    const bytes = Buffer.from(map, 'base64');
    if (bytes.toString('base64') !== map) throw fail('the character map is not base64');
    checkCharacterMap(bytes, fail);
  }
  if (step.type === 'TemplateProcessing') checkTemplate(step as Step, fail);
  if (isObject(step.pattern))
    for (const text of Object.values(step.pattern)) if (text === '') throw fail(`the pattern of a ${step.type} step is empty`);
  for (const list of [step.normalizers, step.pretokenizers, step.processors]) {
    if (list === undefined) continue;
    if (!Array.isArray(list)) throw fail(`the steps inside a ${step.type} step are not a list`);
    for (const inner of list) checkStep(inner, fail, depth + 1);
  }
}

/** @throws DataError when a step is malformed in a way that the native library does not survive, or the vocabulary is not one. */
export function checkSteps(json: TokenizerJson, source: string): void {
  const fail: Fail = (what) => new DataError(`${source}: ${what}: damaged, or not a tokenizer.json of Hugging Face tokenizers`);
  for (const step of [json.normalizer, json.pre_tokenizer, json.post_processor, json.decoder]) checkStep(step, fail);
  const { vocab } = json.model;
  if (Array.isArray(vocab)) {
    for (const [at, entry] of vocab.entries())
      if (!Array.isArray(entry) || typeof entry[0] !== 'string' || !Number.isFinite(entry[1]))
        throw fail(`vocabulary entry ${at} is not a token with a score`);
  } else
    for (const [token, id] of Object.entries(vocab)) {
      if (!Number.isSafeInteger(id) || id < 0 || id > 0xffffffff) throw fail(`the id of the token "${token}" is not a number`);
    }
}
