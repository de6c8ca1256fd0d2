/**
 * Mutates files and reads them: node mutate.mjs PARSER|all RUNS SEED FOLDER. Ends with 0 where each was read or refused in one clear error, in time
 * and in memory. fast-check makes the smallest list of edits that still fails. What is being read is always in FOLDER/current, its parser in
 * FOLDER/parser, for whoever finds the process dead.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { PARSERS } from './parsers.mjs';

const [, , name, runs, seed, root] = process.argv;
const { DataError, UsageError } = await import(pathToFileURL(join(import.meta.dirname, '../../dist/base/errors.js')).href);

/** Longest time that an input may take, in milliseconds: a loaded machine is slow, a hang is longer. */
const LIMIT = 20_000;
/** What an input may add to the process's memory. */
const MEMORY = (bytes) => 10 * bytes + 300 * 2 ** 20;

const WORDS = [
  '__proto__',
  'constructor',
  'null',
  'true',
  '-1',
  '0',
  '1e999',
  '1e300',
  '9007199254740993',
  '4294967296',
  '58.5',
  'NaN',
  '[]',
  '{}',
  '""',
  '[[[[',
  '{"a":',
  '\u0000',
  '\ud800',
  '\uFEFF',
  '\r',
  '\n',
  '\t',
  '"',
  "'",
  '\\',
  ',',
  ':',
  '*a',
  '&a',
  '!!js/function',
  '../../x',
  '/etc/passwd',
  'Infinity',
  '\u001b[31m',
  '[UNK]',
  '[CLS]',
  '(a+)+$',
  '\u202e',
  '🙂',
  '['.repeat(3000),
  '{"a":'.repeat(3000),
  'A'.repeat(70_000),
  '\xff\xfe',
  '- '.repeat(500),
].map((word) => Buffer.from(word));

const edit = fc.record({
  kind: fc.constantFrom('set', 'flip', 'delete', 'repeat', 'insert', 'cut', 'word', 'number', 'swap'),
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  length: fc.nat(80),
  value: fc.nat(255),
  word: fc.nat(WORDS.length - 1),
});

/** Applies one edit. */
function applied(bytes, { kind, at, length, value, word }) {
  const from = Math.floor(at * bytes.length);
  const [head, tail] = [bytes.subarray(0, from), bytes.subarray(from)];
  switch (kind) {
    case 'set':
    case 'flip': {
      const copy = Buffer.from(bytes);
      if (copy.length > 0) copy[from] = kind === 'set' ? value : copy[from] ^ (1 << (value & 7));
      return copy;
    }
    case 'delete':
      return Buffer.concat([head, tail.subarray(length)]);
    case 'repeat':
      return Buffer.concat([head, ...Array.from({ length: 1 + (value & 31) }, () => tail.subarray(0, length)), tail]);
    case 'insert':
      return Buffer.concat([head, Buffer.alloc(length, value), tail]);
    case 'cut':
      return Buffer.from(head);
    case 'word':
      return Buffer.concat([head, WORDS[word], tail]);
    case 'swap':
      return Buffer.concat([head, tail.subarray(length, 2 * length), tail.subarray(0, length), tail.subarray(2 * length)]);
    default: {
      // The next number in the text becomes another one.
      const text = bytes.toString('latin1');
      const found = /\d+/.exec(text.slice(from));
      if (!found) return bytes;
      const start = from + found.index;
      return Buffer.concat([bytes.subarray(0, start), WORDS[word], bytes.subarray(start + found[0].length)]);
    }
  }
}

const describe = (error) => (error instanceof Error ? `${error.constructor.name}: ${error.message}`.slice(0, 500) : String(error));

/** Reads one input. @param highest memory before, 0: not looked at */
async function reads(parser, bytes, highest) {
  const folder = join(root, 'current');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const path = join(folder, basename(parser.name));
  writeFileSync(path, bytes);
  const began = performance.now();
  try {
    await parser.read(path, folder);
  } catch (error) {
    if (!(error instanceof DataError || error instanceof UsageError))
      throw new Error(`a foreign exception: ${describe(error)}`, { cause: error });
    if (error.message.length > 4000) throw new Error(`a message of ${error.message.length} characters`);
  }
  const took = performance.now() - began;
  if (took > LIMIT) throw new Error(`it took ${Math.round(took)} ms`);
  const resident = process.resourceUsage().maxRSS * 1024;
  if (highest > 0 && resident > highest + MEMORY(bytes.length))
    throw new Error(`memory grew to ${Math.round(resident / 2 ** 20)} MiB by ${bytes.length} bytes`);
}

async function mutate(parser, numRuns) {
  writeFileSync(join(root, 'parser'), parser.name);
  // Once as it is: what is loaded for it is not the input's memory.
  for (const sample of parser.samples) await reads(parser, sample, 0);
  const highest = process.resourceUsage().maxRSS * 1024;
  const mutated = (sample, edits) => edits.reduce(applied, parser.samples[sample]);
  const result = await fc.check(
    fc.asyncProperty(fc.nat(parser.samples.length - 1), fc.array(edit, { minLength: 1, maxLength: 6 }), async (sample, edits) => {
      await reads(parser, mutated(sample, edits), highest);
      process.stdout.write('.');
    }),
    { numRuns, seed: Number(seed) },
  );
  if (!result.failed) return;
  const [sample, edits] = result.counterexample;
  const bytes = mutated(sample, edits);
  const kept = join(root, `failed-${parser.name.replaceAll('/', '-')}`);
  writeFileSync(kept, bytes);
  process.stderr.write(
    `${parser.name}: seed ${result.seed}, path ${result.counterexamplePath}, after ${result.numRuns} inputs: ${result.errorInstance?.message}\nsmallest input (${bytes.length} bytes): ${kept}\nedits: ${JSON.stringify(edits)}\n`,
  );
  process.exitCode = 1;
}

const parsers = name === 'all' ? Object.values(PARSERS) : [PARSERS[name]];
for (const parser of parsers) await mutate(parser, Math.ceil(Number(runs) / parsers.length));
