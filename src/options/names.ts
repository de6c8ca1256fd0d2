/** One name an option: `batchSize` in code, `batch_size` in settings, `--batch-size` on the command line. */
import type { Declaration } from './declaration.ts';

/** `batchSize` -> `batch_size`, as a type. */
export type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : '';

/** `batch_size` -> `batchSize`, as a type. */
export type CamelCase<Name extends string> = Name extends `${infer First}_${infer Rest}` ? `${First}${Capitalize<CamelCase<Rest>>}` : Name;

/** `batchSize` -> `batch_size` */
export const snakeCase = <Name extends string>(name: Name): SnakeCase<Name> =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) as SnakeCase<Name>;

/** `batchSize` or `batch_size` -> `batch-size` */
export const kebabCase = (name: string): string => snakeCase(name).replaceAll('_', '-');

/** `batch_size` -> `batchSize` */
export const camelCase = <Name extends string>(name: Name): CamelCase<Name> =>
  name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()) as CamelCase<Name>;

/** The same values under the names that they have in code. */
export const camelKeys = <Fields extends object>(fields: Fields): { [Name in keyof Fields & string as CamelCase<Name>]: Fields[Name] } =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [camelCase(name), value])) as never;

/** The flag of an option as `--help` and the docs show it: `--batch-size <n>`, `-o, --output <file>`, `--no-cache` of what is on by default. */
export function flagText(name: string, { type, value, short, default: byDefault, ...rest }: Declaration): string {
  const flag = `${short ? `-${short}, ` : ''}--${type === 'boolean' && byDefault === true ? 'no-' : ''}${kebabCase(name)}`;
  if (type === 'boolean') return flag;
  const shown =
    value ?? { integer: 'n', number: 'n', choice: 'choice', text: 'text', texts: 'text', function: '', object: '', signal: '' }[type];
  return `${flag} <${shown}${type === 'texts' && !('repeatable' in rest) ? '...' : ''}>`;
}
