/**
 * How a system is named on the command line: `KIND`, `KIND:MODEL`, each with `,option=value` behind; or a well-known name.
 * Parses text only; which kinds exist is passed in.
 */
import { UsageError } from '../../base/errors.ts';
import { expectedOf, valueOfText } from '../../options/check.ts';
import type { Declaration, ValueOf } from '../../options/declaration.ts';

/** A system as the user named it. */
export interface SystemSpec {
  /** What results call it. */
  name: string;
  kind: string;
  /** Folder or hub id; of language models the server's model name. */
  model?: string;
  options: Record<string, string>;
}

/** What a kind of system accepts. */
export interface KindDescription {
  /** One line for --list-baselines. */
  description: string;
  /** Taken where the user names none; kinds without and with `needsModel` require one. */
  defaultModel?: string;
  /** Whether a model can be named at all. */
  takesModel: boolean;
  /** Options by name, with a line of help. */
  options: Readonly<Record<string, string>>;
}

/** Splits at commas that begin an option (`,name=`), so that a folder name may hold a comma. A space at the end of a value is part of it. */
const optionParts = (text: string): string[] => text.split(/,(?=[a-z_]+=)/);

/**
 * Parses a system's name.
 * @param aliases well-known names, each for a specification
 * @throws UsageError for an unknown kind or option, naming those there are.
 */
export function parseSystemSpec(
  text: string,
  kinds: ReadonlyMap<string, KindDescription>,
  aliases: Readonly<Record<string, string>> = {},
): SystemSpec {
  const [kindAndModel, ...pairs] = optionParts(text.trimStart());
  const head = kindAndModel.trimEnd();
  const target = Object.hasOwn(aliases, head) ? aliases[head] : head;
  const [, kind, model] = /^([^:]*)(?::(.*))?$/s.exec(target) as RegExpExecArray;
  const known = kinds.get(kind);
  if (!known) {
    const all = [...kinds.keys(), ...Object.keys(aliases)].join(', ');
    throw new UsageError(`"${text}" names no baseline; known: ${all} (KIND:MODEL takes any folder or hub id; glz eval --list-baselines)`);
  }
  if (model !== undefined && !known.takesModel) throw new UsageError(`"${text}": the baseline ${kind} has no model`);
  if (model === '') throw new UsageError(`"${text}": a folder or hub id is missing after "${kind}:"`);
  if (model === undefined && known.takesModel && known.defaultModel === undefined)
    throw new UsageError(`"${text}": the baseline ${kind} needs a model: ${kind}:MODEL`);
  const options: Record<string, string> = {};
  let name = text.trim();
  for (const pair of pairs) {
    const [key, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
    if (key === 'name') {
      if (value.trim() === '') throw new UsageError(`"${text}": the name is empty`);
      name = value.trim();
    } else if (!Object.hasOwn(known.options, key)) {
      const there = ['name', ...Object.keys(known.options)].join(', ');
      throw new UsageError(`"${text}": the baseline ${kind} has no option "${key}"; it has ${there}`);
    } else options[key] = value;
  }
  const chosen = model ?? known.defaultModel;
  return { name, kind, ...(chosen === undefined ? {} : { model: chosen }), options };
}

/** An option's value, the fallback where it is not given. @throws UsageError naming the option. */
function optionValue<Declared extends Declaration>(
  { name, options }: SystemSpec,
  key: string,
  declared: Declared,
  fallback: ValueOf<Declared>,
): ValueOf<Declared> {
  if (options[key] === undefined) return fallback;
  const value = valueOfText(declared, options[key].trim());
  if (value === undefined) throw new UsageError(`"${name}": ${key} must be ${expectedOf(declared)}, not "${options[key]}"`);
  return value as ValueOf<Declared>;
}

/** An option that is a whole number. @throws UsageError naming the option. */
export const wholeOption = (spec: SystemSpec, key: string, fallback: number, min = 1): number =>
  optionValue(spec, key, { type: 'integer', min, description: key }, fallback);

/** An option that is a number within bounds. @throws UsageError naming the option. */
export const numberOption = (spec: SystemSpec, key: string, fallback: number, min: number, max: number): number =>
  optionValue(spec, key, { type: 'number', min, max, description: key }, fallback);

/** An option that is one of a few words. @throws UsageError naming the option and the words. */
export const wordOption = <Word extends string>(spec: SystemSpec, key: string, choices: readonly Word[], fallback: Word): Word =>
  optionValue(spec, key, { type: 'choice', choices, description: key } as const, fallback);

/** The template option. @throws UsageError if it has no place for the label. */
export function templateOption({ name, options }: SystemSpec, fallback: string): string {
  const template = options.template ?? fallback;
  if (!template.includes('{}')) throw new UsageError(`"${name}": the template "${template}" has no {} where the label goes`);
  return template;
}
