/** What was meant by an input that is not there: an option written otherwise, a text, a file of nearly that name. */
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DataError, UsageError } from '../../base/errors.ts';
import { codePointName } from '../../base/printable.ts';
import { nearestName } from '../../options/check.ts';
import { kebabCase } from '../../options/names.ts';
import { PREDICT_FLAGS } from '../../options/predict.ts';
import type { PredictFlags } from './predict-flags.ts';

/** Of a folder with more files none is suggested: comparing takes time. */
const MOST_NAMES = 10_000;

/** Characters that editors and chats put where a hyphen was typed, in front of an option's name. */
const PASTED_DASHES = /^[-\u2010-\u2015\u2212\ufe58\uff0d]*[\u2010-\u2015\u2212\ufe58\uff0d][-\u2010-\u2015\u2212\ufe58\uff0d]*/;

/** The option that stands behind pasted dashes, as it is typed. */
function plainOption(name: string): string {
  const short = Object.values(PREDICT_FLAGS).some((flag) => 'short' in flag && flag.short === name);
  if (short) return `-${name}`;
  const names = Object.keys(PREDICT_FLAGS).map(kebabCase);
  return `--${nearestName(name, names) ?? name}`;
}

/** A number behind an option that takes none. */
function strayValue(input: string, { abstain, balance }: PredictFlags): string | undefined {
  if (!/^\d*[.,]?\d+$/.test(input)) return undefined;
  if (abstain) return `--abstain takes no value; --abstain-below ${input.replace(',', '.')} sets the level`;
  return balance ? `--balance takes no value, and there is no file ${input}` : undefined;
}

/** A file of nearly that name in the same folder. */
function nearFile(input: string): string | undefined {
  try {
    const names = readdirSync(dirname(input));
    const near = names.length > MOST_NAMES ? undefined : nearestName(basename(input), names);
    return near === undefined ? undefined : join(dirname(input), near);
  } catch {
    return undefined; // the folder is missing too
  }
}

/**
 * What is wrong where an input is not there.
 * @param missing inputs that are not there, the first of which is told of
 * @returns UsageError where the command line was meant otherwise, DataError for a file that is missing
 */
export function missingInput(missing: readonly string[], inputs: readonly string[], flags: PredictFlags): UsageError | DataError {
  const dashed = missing.find((input) => PASTED_DASHES.test(input));
  if (dashed !== undefined) {
    const dash = /[^-]/.exec(dashed)![0];
    const name = dashed.replace(PASTED_DASHES, '').split('=')[0];
    return new UsageError(`${dashed}: ${dash} (${codePointName(dash)}) is not a hyphen; did you mean ${plainOption(name)}?`);
  }
  const stray = missing.map((input) => strayValue(input, flags)).find((found) => found !== undefined);
  if (stray !== undefined) return new UsageError(stray);
  const [input] = missing;
  const typographic = missing.map((each) => /^[“”„«‘‚]|[“”»’]$/u.exec(each)?.[0]).find((found) => found !== undefined);
  if (typographic !== undefined)
    return new UsageError(
      `${input}: no such file; ${typographic} (${codePointName(typographic)}) is no quote to a shell: type plain quotes, "..."`,
    );
  if (flags.text !== undefined && missing.length === inputs.length)
    return new UsageError(`--text takes one text: put it in quotes, --text "${[flags.text, ...inputs].join(' ')}"`);
  const areWords = missing.length > 1 && missing.length === inputs.length && missing.every((each) => /^[\p{L}\p{N}'’,.!?]+$/u.test(each));
  // Of several words one may be near to a file by chance.
  const near = areWords && missing.every((each) => !/.\../.test(each)) ? undefined : nearFile(input);
  if (near !== undefined) return new DataError(`${input}: no such file; did you mean ${near}?`);
  const isText = /\s/.test(input) || areWords;
  return new DataError(`${input}: no such file${isText ? '; a text to label goes behind --text, in quotes' : ''}`);
}
