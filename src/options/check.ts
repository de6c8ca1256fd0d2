/** What a declaration says of a value: whether it is one of the option's, and in words what is. On the way to the first prediction. */

import { UsageError } from '../base/errors.ts';
import { quoted } from '../base/printable.ts';
import type { Bounds, Declaration, Declarations, Filled } from './declaration.ts';
import { camelCase } from './names.ts';

function isWithin(value: number, { min = -Infinity, max = Infinity, above = -Infinity, below = Infinity }: Bounds): boolean {
  return value >= min && value <= max && value > above && value < below;
}

/** ` from 0 to 1`, ` above 0`; empty without bounds. */
function boundsText({ min, max, above, below }: Bounds): string {
  const high = max !== undefined ? ` to ${max}` : below !== undefined ? ` to less than ${below}` : '';
  if (min !== undefined) return ` from ${min}${high || ' on'}`;
  return (above !== undefined ? ` above ${above}` : '') + high;
}

/** Whether a value is one of the option's. */
export function fits(declaration: Declaration, value: unknown): boolean {
  if (value === null) return declaration.nullable === true;
  switch (declaration.type) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return Number.isSafeInteger(value) && isWithin(value as number, declaration);
    case 'number':
      return Number.isFinite(value) && isWithin(value as number, declaration);
    case 'choice':
      return declaration.choices.some((choice) => choice === value);
    case 'text':
      return typeof value === 'string' && !(declaration.nonEmpty && value === '');
    case 'texts':
      return Array.isArray(value) && value.every((text) => typeof text === 'string');
    case 'function':
      return typeof value === 'function';
    case 'object':
      return typeof value === 'object' && !Array.isArray(value);
    case 'signal':
      return value instanceof AbortSignal;
  }
}

/** The option's values in words: `a whole number from 1`. */
export function expectedOf(declaration: Declaration): string {
  const text = (() => {
    switch (declaration.type) {
      case 'boolean':
        return 'true or false';
      case 'integer':
        return `a whole number${boundsText(declaration)}`;
      case 'number':
        return `a number${boundsText(declaration)}`;
      case 'choice':
        return `one of ${declaration.choices.join(', ')}`;
      case 'text':
        return declaration.nonEmpty ? 'text that is not empty' : 'text';
      case 'texts':
        return 'a list of texts';
      case 'function':
        return 'a function';
      case 'object':
        return 'an object';
      case 'signal':
        return 'an AbortSignal';
    }
  })();
  return declaration.nullable ? `${text} or null` : text;
}

/** What an option is set to by text, or undefined where that is none of its values. */
export function valueOfText(declaration: Declaration, text: string): unknown {
  if (declaration.type !== 'integer' && declaration.type !== 'number') return fits(declaration, text) ? text : undefined;
  if (text.trim() === '' || (declaration.type === 'integer' && !/^-?\d+$/.test(text))) return undefined;
  return fits(declaration, Number(text)) ? Number(text) : undefined;
}

/** Letters that have to be changed, put in or left out to make one word of the other (Levenshtein), whatever their case. */
function distance(one: string, other: string): number {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()];
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length];
}

/** The known name that is nearest, if one is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const near = [...known].sort((a, b) => distance(name, a) - distance(name, b))[0];
  if (near === undefined) return undefined;
  const apart = distance(name, near);
  // A letter is near to no other letter.
  return apart <= Math.max(1, Math.floor(near.length / 3)) && apart < Math.max(name.length, near.length) ? near : undefined;
}

/** `; did you mean "topK"?` of the known name that is nearest, or the names that there are where none is near. */
export function suggestion(name: string, known: readonly string[]): string {
  const near = nearestName(name, known);
  return near === undefined ? `; there are ${known.join(', ')}` : `; did you mean "${near}"?`;
}

/**
 * Checks the options of a library call.
 * @param call names it in messages: `classify`
 * @throws UsageError naming the option that there is none of, with the nearest there is, whose value is none of its own, or that is missing
 */
export function checkOptions(declarations: Declarations, given: unknown, call: string): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new UsageError(`the options of ${call} are ${quoted(given)}, expected an object`);
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(declarations, name))
      throw new UsageError(`${call} has no option "${name}"${suggestion(name, Object.keys(declarations))}`);
    if (value !== undefined && !fits(declarations[name], value))
      throw new UsageError(`${name} must be ${expectedOf(declarations[name])}, not ${quoted(value)}`);
  }
  for (const [name, { required, description }] of Object.entries(declarations))
    if (required && (given as Record<string, unknown>)[name] === undefined)
      throw new UsageError(`${call} needs the option "${name}": ${description}`);
}

/**
 * What a message says to somebody at a command line, for a caller of the library: options in place of flags (`labelsFile` for `--labels-file`),
 * and fields of the settings (`settings.epochs`) in place of flags that stand for them.
 */
export const inOptions = (
  message: string,
  declarations: Declarations,
  settingFlags: Readonly<Record<string, { field: string }>> = {},
): string =>
  message.replace(/--(?:no-)?([a-z][a-z-]*[a-z])/g, (flag, words: string) => {
    const name = camelCase(words.replaceAll('-', '_'));
    if (Object.hasOwn(declarations, name)) return name;
    return Object.hasOwn(settingFlags, name) ? `settings.${settingFlags[name].field}` : flag;
  });

/** The defaults of options that have one. */
export const defaultsOf = <All extends Declarations>(declarations: All): Pick<Filled<All>, DefaultedNames<All>> =>
  Object.fromEntries(
    Object.entries(declarations).flatMap(([name, declaration]) => ('default' in declaration ? [[name, declaration.default]] : [])),
  ) as never;

type DefaultedNames<All> = { [Name in keyof All]: All[Name] extends { default: unknown } ? Name : never }[keyof All] & keyof Filled<All>;
